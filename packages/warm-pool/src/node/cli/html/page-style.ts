/** Colours come in two sets; everything else is the same in light and dark. */
export const PAGE_STYLE = `
:root { color-scheme: light;
  --paper: #ffffff; --card: #f8fafc; --ink: #0f172a; --faint: #57657a; --line: #d5dde8;
  --used: #2563eb; --cooling: #d97706; --idle: #a9b6c8; --wait: #7c3aed; --calls: #0f766e; --throttled: #dc2626; }
:root[data-theme="dark"] { color-scheme: dark;
  --paper: #0b1220; --card: #131c2e; --ink: #e6ebf3; --faint: #9aa8bd; --line: #2b384e;
  --used: #60a5fa; --cooling: #fbbf24; --idle: #52637c; --wait: #a78bfa; --calls: #2dd4bf; --throttled: #f87171; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header { display: flex; gap: 1rem; align-items: start; justify-content: space-between; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
h3 { flex: 1; font-size: .95rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p { margin: .25rem 0; color: var(--faint); }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .4rem;
  padding: .15rem .6rem; cursor: pointer; white-space: nowrap; }
button[aria-pressed="false"] { opacity: .45; text-decoration: line-through; }
:focus-visible { outline: 2px solid var(--used); outline-offset: 2px; }
.side { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem; min-width: 0; margin: 0;
  display: flex; flex-direction: column; }
.legend { display: flex; flex-wrap: wrap; gap: .5rem; margin: .25rem 0 .75rem; }
.legend i { display: inline-block; width: .75em; height: .75em; border-radius: .15em; margin-right: .4em; }
.chart { display: block; width: 100%; height: auto; }
.chart .grid { stroke: var(--line); }
.chart .scale { fill: var(--faint); font-size: 14px; }
.chart .crosshair { stroke: var(--ink); stroke-dasharray: 3 3; pointer-events: none; }
.readout { min-height: 1.5em; font-variant-numeric: tabular-nums; font-size: .85rem; color: var(--faint); }
.used { fill: var(--used); background: var(--used); } .cooling { fill: var(--cooling); background: var(--cooling); }
.idle { fill: var(--idle); background: var(--idle); } .wait { fill: var(--wait); background: var(--wait); }
.calls { fill: var(--calls); background: var(--calls); } .throttled { fill: var(--throttled); background: var(--throttled); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; font-weight: normal; }
th { font-weight: 600; }
@media (max-width: 34rem) { .chart .scale { font-size: 20px; } .chart .between { display: none; } }
.hide-used .layer.used, .hide-cooling .layer.cooling, .hide-idle .layer.idle,
.hide-calls .layer.calls, .hide-throttled .layer.throttled { display: none; }
`;
