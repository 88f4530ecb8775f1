// What release 1.23 of the AWS VPC CNI has in iptables and nftables on a node of VPC 10.0.0.0/16.

/** Which of the host's two iptables the kubelet, and so upstream, writes to. */
export type Backend = 'nft' | 'legacy';

const mangle = `
-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-xmark 0x80/0x80
-A PREROUTING -i eni+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A PREROUTING -i vlan+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80`;

const snat = (nodeAddress: string) => `
-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0
-A AWS-SNAT-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS SNAT CHAIN" -j RETURN
-A AWS-SNAT-CHAIN-0 ! -o vlan+ -m comment --comment "AWS, SNAT" -m addrtype ! --dst-type LOCAL -j SNAT --to-source ${nodeAddress} --random-fully`;

const connmark = `
-A PREROUTING -i eni+ -m comment --comment "AWS, outbound connections" -j AWS-CONNMARK-CHAIN-0
-A PREROUTING -m comment --comment "AWS, CONNMARK" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80
-A AWS-CONNMARK-CHAIN-0 -d 10.0.0.0/16 -m comment --comment "AWS CONNMARK CHAIN" -j RETURN
-A AWS-CONNMARK-CHAIN-0 -m comment --comment "AWS, CONNMARK" -j CONNMARK --set-xmark 0x80/0x80`;

const nftTable = `table ip aws-cni {
  chain nat-prerouting {
    type nat hook prerouting priority -90; policy accept;
    fib daddr type local return
    iifname "eni*" counter jump snat-mark
    counter meta mark set ct mark & 0x00000080
  }
  chain snat-mark {
    counter ip daddr 10.0.0.0/16 return
    counter ct mark set ct mark | 0x00000080
  }
}`;

/** What it never removes: the rule of a link prefix that is not used any more, a chain of old releases. */
export const leftovers: readonly string[] = [
  '-A PREROUTING -i old+ -m comment --comment "AWS, primary ENI" -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0x80',
  ':AWS-SNAT-CHAIN-1 - [0:0]',
  '-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-1',
  '-A AWS-SNAT-CHAIN-1 -d 172.16.0.0/12 -m comment --comment "AWS SNAT CHAIN" -j RETURN',
];
const [oldPrefix, ...oldChain] = leftovers;

/** A shell script that writes all this, and what kubelet and kube-proxy have there. */
export const hostRules = (backend: Backend, nodeAddress: string): string => `
iptables-${backend}-restore --noflush -w 5 <<'EOF'
*mangle
:KUBE-KUBELET-CANARY - [0:0]${mangle}
${oldPrefix}
COMMIT
*nat
:KUBE-SERVICES - [0:0]
:AWS-SNAT-CHAIN-0 - [0:0]
${backend === 'legacy' ? ':AWS-CONNMARK-CHAIN-0 - [0:0]' : ''}
-A PREROUTING -j KUBE-SERVICES${backend === 'legacy' ? connmark : ''}${snat(nodeAddress)}
${oldChain.join('\n')}
COMMIT
EOF
${backend === 'nft' ? `nft -f - <<'EOF'\n${nftTable}\nEOF` : ''}`;
