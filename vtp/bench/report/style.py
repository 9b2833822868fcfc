"""The report's looks: one column of charts on a phone, two on a screen, dark where the reader's system is."""

STYLE = """
:root{--ground:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--ours:#0b6e4f;--other:#8a94a0;--track:#eef1f4}
@media(prefers-color-scheme:dark){:root{--ground:#14171b;--ink:#e8ebee;--soft:#a3adb8;--line:#333a42;
--ours:#3fc48f;--other:#7d8894;--track:#22272d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 20px 60px}
h1{font-size:1.1rem;color:var(--soft);font-weight:600;margin:0 0 8px}
h2{font-size:1.35rem;margin:44px 0 6px;border-top:1px solid var(--line);padding-top:22px}
h3{font-size:1rem;margin:22px 0 6px}
.lead{font-size:1.5rem;line-height:1.35;margin:0 0 14px;max-width:34em}
.lead b{color:var(--ours)}
section>p{max-width:46em;color:var(--soft)}
.gone{color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr));gap:8px 44px}
figure{margin:18px 0 0;min-width:0}
figcaption{font-weight:600;margin-bottom:4px}
.note{font-size:.85rem;color:var(--soft);margin:4px 0 0}
table{border-collapse:collapse;width:100%}
.bars th{font-weight:400;text-align:left;width:36%;padding:3px 10px 3px 0;font-size:.92rem;
overflow-wrap:anywhere}
.bars th.load{font-size:.85rem;color:var(--soft);padding-top:8px;width:auto}
.bars td{padding:3px 0;display:flex;align-items:center;gap:10px}
.track{flex:1;background:var(--track);border-radius:3px;height:16px;min-width:40px}
.track span{display:block;height:100%;border-radius:3px;min-width:2px}
.ours{background:var(--ours)}.other{background:var(--other)}
.cut{background-image:linear-gradient(to left,var(--track) 0 6px,transparent 6px 10px,var(--track) 10px 13px,
transparent 13px)}
.alone{font-size:1.7rem;margin:0;font-variant-numeric:tabular-nums}
.value{width:7.2em;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
small{color:var(--soft);font-size:.8em}
details{margin-top:22px}summary{cursor:pointer;font-weight:600}
.scroll{overflow-x:auto;margin-top:10px}
.scroll table{font-size:.9rem;width:auto;min-width:50%}
.scroll th,.scroll td{padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
.scroll td,.scroll thead th{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.scroll th[scope=row],.scroll thead th:first-child{text-align:left;white-space:normal;
font-weight:400;min-width:11em}
pre{background:var(--track);padding:10px 12px;border-radius:4px;white-space:pre-wrap;
overflow-wrap:anywhere;margin:6px 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media(max-width:520px){.lead{font-size:1.2rem}.bars tr{display:block;padding:3px 0}
.bars th,.bars td{width:auto}
.bars th{display:block}.value{width:6.4em}dl{grid-template-columns:1fr}dt{margin-top:6px}}
"""
