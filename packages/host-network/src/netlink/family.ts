/** Address family of IPv4 in every route netlink message. <linux/socket.h> */
export const AF_INET = 2;
