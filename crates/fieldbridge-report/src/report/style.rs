use crate::theme::{page_rules, page_variables};

/// The style sheet of the page: colours of both grounds, then layout.
pub(super) fn style_sheet() -> String {
    let light = page_variables(false);
    let dark = page_variables(true);
    let figures = page_rules();
    format!(
        ":root{{color-scheme:light dark;{light}{LIGHT}}}\n\
         @media screen and (prefers-color-scheme:dark){{:root{{{dark}{DARK}}}}}\n\
         @media print{{:root{{color-scheme:light}}}}\n{figures}\n{LAYOUT}"
    )
}

/// Colours of the page that figures do not use.
const LIGHT: &str = "--page:#ffffff;--raised:#f5f7f9;--rule:#d5dbe1;--link:#0058a3;\
--good:#12652f;--good-ground:#e7f5ec;--caution:#7a4d00;--caution-ground:#fdf3df;--bad:#a01b1b;--bad-ground:#fdeaea;";
const DARK: &str = "--page:#12171d;--raised:#1a2129;--rule:#33404d;--link:#7cc0ff;\
--good:#7ee2a0;--good-ground:#14301f;--caution:#ffcf7a;--caution-ground:#35290f;--bad:#ff9d9d;--bad-ground:#3a1a1a;";

const LAYOUT: &str = r#"*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:1120px;background:var(--page);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;overflow-wrap:break-word}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.35rem;line-height:1.3;margin:2.4rem 0 .8rem;padding-top:.8rem;border-top:1px solid var(--rule)}
p{margin:.6rem 0;max-width:75ch}
a{color:var(--link)}
.subtitle{color:var(--muted);margin:0 0 1.2rem}
.verdict{border-left:6px solid var(--muted);background:var(--raised);padding:.8rem 1.1rem;border-radius:4px}
.verdict p{margin:.2rem 0}
.verdict .word{font-size:1.35rem;font-weight:650}
.verdict .sign{display:inline-block;width:1.4em}
.verdict .p-value{font-size:1rem;font-weight:400;margin-left:.8em;color:var(--ink);white-space:nowrap}
.verdict.good{border-color:var(--good);background:var(--good-ground)}.good .word{color:var(--good)}
.verdict.caution{border-color:var(--caution);background:var(--caution-ground)}.caution .word{color:var(--caution)}
.verdict.bad{border-color:var(--bad);background:var(--bad-ground)}.bad .word{color:var(--bad)}
nav ol{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;list-style-position:inside;margin:1.1rem 0 0;padding:0}
.row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:1.2rem 2rem;align-items:start}
figure{margin:1rem 0;min-width:0}
.row figure{margin:.4rem 0}
figure.single{max-width:600px}
.plot{overflow-x:auto}
.plot svg{display:block;width:100%;height:auto}
figure img{display:block;max-width:100%;height:auto;border-radius:4px}
.broad-only svg,.wide .plot:not(.narrow-only) svg{min-width:620px}
.narrow-only{display:none}
figcaption{font-size:.92rem;color:var(--muted);margin-top:.4rem;max-width:75ch}
figcaption b,caption b{color:var(--ink)}
.table{overflow-x:auto;margin:1rem 0}
table{min-width:min(100%,34rem);border-collapse:collapse;font-size:.95rem;font-variant-numeric:tabular-nums}
caption{position:sticky;left:0;max-width:min(75ch,calc(100vw - 2.2rem));text-align:left;color:var(--muted);font-size:.92rem;padding-bottom:.4rem}
th,td{padding:.35rem .9rem .35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
thead th{border-bottom:2px solid var(--axis);border-top:2px solid var(--axis)}
tbody tr:last-child td{border-bottom:2px solid var(--axis)}
.number{text-align:right;white-space:nowrap;padding-left:.9rem;padding-right:.2rem}
td:not(.number){min-width:5.5rem}.number+:not(.number){padding-left:1.4rem}
pre{background:var(--raised);border:1px solid var(--rule);border-radius:4px;padding:.8rem 1rem;overflow-x:auto;font-size:.88rem;line-height:1.45}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.92em;overflow-wrap:anywhere}
pre code{font-size:1em;overflow-wrap:normal}
td code,th code{overflow-wrap:normal;white-space:nowrap}
.notice{border-left:4px solid var(--link);background:var(--raised);padding:.3rem 1rem;margin:1rem 0;border-radius:4px}
.notice.warning{border-color:var(--caution);background:var(--caution-ground)}
dl{margin:1rem 0;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:0 2rem}
dl div{display:grid;grid-template-columns:minmax(8.5rem,38%) 1fr;gap:.8rem;padding:.3rem 0;border-bottom:1px solid var(--rule);align-items:baseline}
dt{color:var(--muted)}dd{margin:0;min-width:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
footer{margin-top:3rem;padding-top:.6rem;border-top:1px solid var(--rule);font-size:.88rem;color:var(--muted)}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@media (max-width:640px){body{padding-top:1rem}h1{font-size:1.5rem}
.broad-only{display:none}.narrow-only{display:block}
td:last-child:not(.number){min-width:15rem}
dl div{grid-template-columns:1fr;gap:0}}
@media print{body{max-width:none;padding:0;font-size:10.5pt}nav{display:none}
figure,table,pre,.verdict,.notice,dl div{break-inside:avoid}h2{break-after:avoid}
.plot,.table,pre{overflow:visible}pre{white-space:pre-wrap}
.broad-only{display:block}.narrow-only{display:none}
.broad-only svg,.wide .plot svg{min-width:0}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"#;
