/**
 * The styles of the panel. They are in a shadow root, so they do not leak in either direction. One
 * accent colour; states have hues of their own, and always a label. Colours have AA contrast in both
 * schemes.
 */

const tokens = `
:host { all: initial; color-scheme: light dark; display: block; height: 100%;
  --bg: light-dark(#ffffff, #15181d); --bg-soft: light-dark(#f5f6f9, #1c2027);
  --bg-hover: light-dark(#ebeef4, #272c35); --line: light-dark(#dde1e9, #303640);
  --ink: light-dark(#1a1e26, #e7eaef); --ink-soft: light-dark(#565f6e, #a4adba);
  --accent: light-dark(#3a4ccf, #a3b0ff); --accent-soft: light-dark(#e8ebfd, #2a3053);
  --ok: light-dark(#12703a, #6bd696); --warn: light-dark(#875100, #f2b961);
  --bad: light-dark(#b3231c, #ff938b); --calm: light-dark(#5a6270, #a4adba);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, monospace;
  --sans: system-ui, Inter, 'Segoe UI', sans-serif; }
:host([data-theme='light']) { color-scheme: light; }
:host([data-theme='dark']) { color-scheme: dark; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
`

const frame = `
.panel { container: panel / inline-size; display: flex; flex-direction: column; height: 100%;
  min-height: 220px; background: var(--bg); color: var(--ink); font: 13px/1.45 var(--sans);
  overflow: hidden; text-align: left; }
.top { display: flex; align-items: center; gap: 10px; min-height: 38px; padding: 4px 10px;
  border-bottom: 1px solid var(--line); background: var(--bg-soft); }
.top__name { font-weight: 650; letter-spacing: -0.01em; }
.top__link { display: inline-flex; align-items: center; gap: 6px; min-width: 0; color: var(--ink-soft);
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 1; }
.top .input { max-width: 150px; }
.top__dot { flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--calm); }
.top__dot[data-state='online'] { background: var(--ok); }
.top__dot[data-state='connecting'], .top__dot[data-state='syncing'] { background: var(--warn); }
.top__dot[data-state='halted'] { background: var(--bad); }
.tabs { display: flex; gap: 2px; padding: 0 6px; border-bottom: 1px solid var(--line);
  overflow-x: auto; scrollbar-width: none; flex: none; }
.tab { flex: none; padding: 8px 10px 7px; border: 0; border-bottom: 2px solid transparent;
  background: none; color: var(--ink-soft); font: inherit; cursor: pointer; }
.tab:hover { color: var(--ink); }
.tab[aria-selected='true'] { color: var(--ink); font-weight: 600; border-bottom-color: var(--accent); }
.tab__count { margin-left: 6px; padding: 0 6px; border-radius: 9px; background: var(--accent-soft);
  color: var(--accent); font-size: 11px; font-weight: 600; font-variant-numeric: tabular-nums; }
.body { flex: 1; min-height: 0; display: flex; }
.body > * { flex: 1; min-width: 0; }
.banner { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; padding: 6px 12px;
  background: var(--accent-soft); border-bottom: 1px solid var(--line); }
.foot { min-height: 26px; padding: 4px 12px; border-top: 1px solid var(--line); color: var(--ink-soft);
  font-size: 12px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.foot:empty { display: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; border-radius: 3px; }
`

const parts = `
h2, h3, p, dl, dd, ul { margin: 0; padding: 0; font: inherit; }
h2 { font-weight: 600; overflow-wrap: anywhere; }
h3, legend { font-size: 12px; font-weight: 600; color: var(--ink-soft); padding: 0; margin-bottom: 6px; }
.mono { font-family: var(--mono); font-size: 12px; overflow-wrap: anywhere; }
.soft { color: var(--ink-soft); }
.button, .choice, .icon { border: 1px solid var(--line); border-radius: 6px; background: var(--bg);
  color: var(--ink); font: inherit; line-height: 18px; padding: 3px 10px; cursor: pointer; }
.button:hover, .choice:hover, .icon:hover { background: var(--bg-hover); }
.button[data-armed] { border-color: var(--bad); color: var(--bad); }
.button[aria-pressed='true'] { border-color: var(--accent); background: var(--accent-soft); color: var(--accent); }
.button.primary { border-color: var(--accent); background: var(--accent); color: var(--bg); }
.icon { display: inline-grid; place-items: center; width: 28px; height: 26px; padding: 0; flex: none; }
.icon svg { width: 15px; height: 15px; fill: none; stroke: currentColor; stroke-width: 1.6;
  stroke-linecap: round; stroke-linejoin: round; }
.link { border: 0; padding: 0; background: none; color: var(--accent); text-decoration: underline;
  text-underline-offset: 2px; cursor: pointer; }
.input { min-width: 0; height: 26px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--bg); color: var(--ink); font: inherit; padding: 0 8px; }
.input::placeholder { color: var(--ink-soft); opacity: 1; }
.input--short { width: 84px; }
input[type='search'] { flex: 1 1 160px; max-width: 340px; }
input[type='range'] { accent-color: var(--accent); flex: 1 1 120px; max-width: 320px; min-width: 60px; }
input[type='checkbox'] { accent-color: var(--accent); width: 16px; height: 16px; margin: 0; }
.choices { display: inline-flex; flex-wrap: wrap; }
.choice { border-radius: 0; margin-left: -1px; color: var(--ink-soft); }
.choice:first-child { border-radius: 6px 0 0 6px; margin-left: 0; }
.choice:last-child { border-radius: 0 6px 6px 0; }
.choice[aria-pressed='true'] { background: var(--accent-soft); color: var(--accent);
  border-color: var(--accent); z-index: 1; position: relative; }
.pill { display: inline-flex; align-items: center; gap: 5px; flex: none; padding: 0 7px; border-radius: 9px;
  border: 1px solid var(--line); color: var(--hue, var(--ink-soft)); font-size: 11.5px; line-height: 17px;
  white-space: nowrap; max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
.pill::before { content: ''; flex: none; width: 6px; height: 6px; border-radius: 50%; background: currentColor; }
.tag { display: inline-block; margin: 0 4px 2px 0; padding: 0 5px; border-radius: 4px; background: var(--bg-soft); }
.facts { display: grid; gap: 3px; }
.facts > div { display: grid; grid-template-columns: 104px minmax(0, 1fr); gap: 10px; }
.facts dt { color: var(--ink-soft); overflow-wrap: anywhere; }
.facts dd { overflow-wrap: anywhere; min-width: 0; }
.empty { margin: auto; padding: 28px 20px; max-width: 400px; text-align: center; color: var(--ink-soft); }
.empty__title { color: var(--ink); font-weight: 600; margin-bottom: 4px; }
.actions { display: flex; flex-wrap: wrap; gap: 6px; }
.actions:empty { display: none; }
.sample { text-align: left; background: var(--bg-soft); border: 1px solid var(--line); border-radius: 6px;
  padding: 10px; margin: 12px 0 0; overflow: auto; white-space: pre; }
.sample .mono { overflow-wrap: normal; }
[data-state='accepted'], [data-state='online'], [data-state='ok'], [data-state='canonical'],
[data-state='head'], [data-state='followed'], [data-state='here'] { --hue: var(--ok); }
[data-state='draft'], [data-state='queued'], [data-state='waiting'], [data-state='volatile'],
[data-state='pending'], [data-state='connecting'], [data-state='syncing'], [data-state='degraded'],
[data-state='opening'], [data-state='requested'] { --hue: var(--warn); }
[data-state='sent'], [data-state='written'], [data-state='live'],
[data-state='unverified'] { --hue: var(--accent); }
[data-state='rejected'], [data-state='blocked'], [data-state='conflict'],
[data-state='halted'] { --hue: var(--bad); }
`

const views = `
.view { display: flex; flex-direction: column; height: 100%; min-height: 0; }
.view--scroll { flex: 1; overflow: auto; min-height: 0; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 8px; padding: 7px 10px;
  border-bottom: 1px solid var(--line); }
.bar__title { font-weight: 600; }
.count { font-variant-numeric: tabular-nums; }
.split { flex: 1; min-height: 0; display: grid; grid-template-columns: minmax(0, 1.25fr) minmax(0, 1fr); }
.split__detail { border-left: 1px solid var(--line); overflow: auto; min-height: 0; display: flex; }
.detail { display: grid; align-content: start; gap: 12px; padding: 12px 14px; flex: 1; min-width: 0;
  align-self: flex-start; }
.detail__head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; }
.section { border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; margin: 0; min-width: 0;
  display: grid; gap: 8px; align-content: start; }
.section--wide { grid-column: 1 / -1; }
.section h3 { margin: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 290px), 1fr)); gap: 10px;
  padding: 12px; align-items: start; }
.list { display: flex; flex-direction: column; min-height: 0; min-width: 0; }
.list__box { flex: 1; overflow: auto; min-height: 0; }
.list__spacer { position: relative; }
.list__head, .list__row { display: flex; align-items: center; gap: 10px; height: 28px; padding: 0 12px; }
.list__head { flex: none; height: 25px; color: var(--ink-soft); font-size: 11.5px;
  border-bottom: 1px solid var(--line); background: var(--bg-soft); }
.list__row { position: absolute; inset: 0 0 auto; cursor: default; contain: strict; height: 28px; }
.list__row:not([aria-selected='true']):hover { background: var(--bg-soft); }
.list__row[aria-selected='true'], .dag__line[aria-selected='true'] { background: var(--accent-soft); }
.cell { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: none; }
.cell.grow { flex: 1 1 0; min-width: 0; }
.cell.state { width: 92px; }
.list__row .cell.state { color: var(--hue, var(--ink-soft)); }
.list__row .cell.state::before { content: ''; display: inline-block; width: 6px; height: 6px; margin: 0 6px 1px 0;
  border-radius: 50%; background: currentColor; }
.cell.num { width: 62px; text-align: right; font-variant-numeric: tabular-nums; color: var(--ink-soft); }
.cell.time { width: 88px; font: 12px var(--mono); color: var(--ink-soft); }
.cell.id { width: 80px; color: var(--ink-soft); }
.list__row .cell.id { font: 12px var(--mono); }
.list__head .time { font: inherit; }
.table { border-collapse: collapse; width: 100%; }
.table th, .table td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line);
  font-weight: 400; }
.table thead th { color: var(--ink-soft); font-size: 11.5px; }
.table tbody th { font-weight: 600; }
.view--scroll > .table { margin: 4px 12px; width: calc(100% - 24px); }
.table .query { min-width: 150px; }
.scroll { overflow: auto; }
.candidates { list-style: none; display: grid; gap: 6px; }
.candidates li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 8px; align-items: center;
  padding: 6px 8px; border-radius: 6px; background: var(--bg-soft); }
.candidates li .button { grid-row: 1 / span 2; grid-column: 2; }
.candidates li > * { grid-column: 1; }
.fault { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 14px; align-items: center; }
.fault p { grid-column: 1; font-size: 12px; }
.fault input { grid-column: 2; grid-row: 1 / span 2; }
.fault + .fault { border-top: 1px solid var(--line); padding-top: 8px; }
.dag { position: relative; overflow: auto; flex: 1; min-height: 0; }
.dag__spacer { position: relative; }
.dag__graph { position: absolute; left: 0; overflow: hidden; pointer-events: none; z-index: 1; }
.dag__line { position: absolute; left: 0; right: 0; display: grid; grid-template-columns: minmax(0, 1fr) auto; align-content: center; column-gap: 8px;
  height: 40px; padding-right: 12px; line-height: 17px; cursor: default; }
.dag__line:not([aria-selected='true']):hover { background: var(--bg-soft); }
.dag__line[data-off] { color: var(--ink-soft); font-weight: 400; }
.dag__line[data-off] b { font-weight: 400; }
.dag__what, .dag__who { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; grid-column: 1; }
.dag__who { font-size: 11.5px; }
.dag__marks { grid-column: 2; grid-row: 1 / span 2; display: flex; gap: 4px; align-items: center; max-width: 180px; }
.dag__marks .pill { min-width: 0; flex-shrink: 1; }
.dag__edge { fill: none; stroke: var(--ink-soft); stroke-width: 1.5; opacity: 0.65; }
.dag__dot { fill: var(--bg); stroke: var(--ink-soft); stroke-width: 1.8; }
.dag__dot[data-live] { fill: var(--accent); stroke: var(--accent); }
.dag__dot[data-pending] { stroke: var(--warn); stroke-dasharray: 2.5 2; }
.dag__dot[data-live][data-pending] { fill: var(--warn); }
.dag__ring { fill: none; stroke: var(--ok); stroke-width: 1.8; }
.dag__graph [data-off] { opacity: 0.35; }
.sheet { position: absolute; inset: 0; display: grid; place-items: center; padding: 12px; z-index: 5;
  background: color-mix(in srgb, var(--bg) 72%, transparent); overflow: auto; }
.sheet__box { display: grid; gap: 12px; width: min(100%, 420px); padding: 16px; border-radius: 10px;
  border: 1px solid var(--line); background: var(--bg); box-shadow: 0 8px 30px rgb(0 0 0 / 0.18); }
.sheet__box h2 { font-size: 14px; }
.check { display: flex; gap: 8px; align-items: center; }
.panel { position: relative; }
@container panel (max-width: 680px) {
  .wide { display: none; }
  .split { grid-template: minmax(0, 1fr) / minmax(0, 1fr); }
  .split .split__detail { display: none; }
  .split[data-open] { grid-template-rows: minmax(0, 1fr) minmax(0, 1.15fr); }
  .split[data-open] .split__detail { display: flex; border-left: 0; border-top: 1px solid var(--line); }
  .cell.state { width: 84px; }
  .tab { padding-inline: 8px; }
}
@media (prefers-reduced-motion: no-preference) { .button, .choice, .icon { transition: background 120ms; } }
`

const floating = `
.opener { position: var(--countersign-devtools-position, fixed); right: var(--countersign-devtools-right, 14px);
  bottom: var(--countersign-devtools-bottom, 14px); z-index: 2147483000; display: inline-flex; align-items: center;
  gap: 7px; height: 34px; padding: 0 12px; border-radius: 17px; border: 1px solid var(--line); background: var(--bg);
  color: var(--ink); font: 600 13px var(--sans); white-space: nowrap; cursor: pointer;
  box-shadow: var(--countersign-devtools-shadow, 0 3px 14px rgb(0 0 0 / 0.16)); }
.opener:hover { background: var(--bg-hover); }
.opener svg { width: 16px; height: 16px; flex: none; fill: none; stroke: var(--accent); stroke-width: 1.8;
  stroke-linecap: round; stroke-linejoin: round; }
.dock { position: fixed; inset: auto 0 0; z-index: 2147483000; height: min(52vh, 520px); border-top: 1px solid var(--line);
  box-shadow: 0 -6px 26px rgb(0 0 0 / 0.14); }
@media (max-width: 680px) { .dock { height: min(82vh, 640px); } .opener { padding: 0 8px; } .opener span { display: none; } }
`

export const STYLE: string = tokens + frame + parts + views
export const FLOATING_STYLE: string = tokens + floating

/** Adds styles to a shadow root: as a constructable sheet, or as an element where unsupported. */
export function adopt(root: ShadowRoot, css: string): void {
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  } catch {
    const style = document.createElement('style')
    style.textContent = css
    root.append(style)
  }
}
