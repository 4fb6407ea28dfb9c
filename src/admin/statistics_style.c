/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The style sheet of the statistics page. System fonts, no external part; every state has a colour
 * for light and one for dark pages, and a bar beside its word. The first column stays in sight when
 * a wide table is scrolled. A constant: no memory.
 */
#include "admin/statistics_style.h"

const char STATISTICS_STYLE[] =
    ":root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--faint:#57606a;--line:#d0d7de;"
    "--band:#f3f5f7;--link:#0550ae;--up:#116329;--warn:#7d4e00;--rise:#0550ae;--down:#a40e26;"
    "--drain:#6639ba;--maint:#7a4100;--plain:#57606a}"
    "@media(prefers-color-scheme:dark){:root{--page:#0f1318;--ink:#e6edf3;--faint:#9ba7b4;"
    "--line:#30363d;--band:#181e25;--link:#79c0ff;--up:#56d364;--warn:#e3b341;--rise:#79c0ff;"
    "--down:#ff8e86;--drain:#d2a8ff;--maint:#ffa657;--plain:#9ba7b4}}"
    "body{margin:0 auto;padding:1rem;max-width:110rem;background:var(--page);color:var(--ink);"
    "font:15px/1.45 system-ui,sans-serif}"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.5rem 0 .4rem}"
    "header p{margin:.2rem 0 .6rem;color:var(--faint)}"
    "a{color:var(--link);margin-right:1rem}"
    "a:focus-visible,button:focus-visible,select:focus-visible,input:focus-visible,"
    ".scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}"
    ".facts{display:flex;flex-wrap:wrap;gap:0 3rem}"
    "dl{display:flex;flex-wrap:wrap;gap:.4rem 2rem;margin:0}"
    "dt{color:var(--faint);font-size:.85rem}dd{margin:0;font-weight:600;"
    "font-variant-numeric:tabular-nums}meter{width:20rem;max-width:100%}"
    ".scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px}"
    "table{border-collapse:collapse;width:100%;font-size:.88rem;"
    "font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .5rem;text-align:right;white-space:nowrap;"
    "border-top:1px solid var(--line)}"
    "thead th,thead td{border-top:0;color:var(--faint);font-weight:600}"
    ".group{border-left:1px solid var(--line)}th.group[colspan]{text-align:left}"
    "th.name{text-align:left;position:sticky;left:0;background:var(--page)}"
    "tbody th{font-weight:600}small{display:block;color:var(--faint);font-weight:400}"
    "tr.whole>*{background:var(--band)}tbody tr:hover>*{background:var(--band)}"
    ".up{color:var(--up)}.going-down{color:var(--warn)}.going-up{color:var(--rise)}"
    ".down{color:var(--down)}.drain{color:var(--drain)}.maint{color:var(--maint)}"
    ".unchecked{color:var(--plain)}td.up,td.going-down,td.going-up,td.down,td.drain,td.maint,"
    "td.unchecked{text-align:left;font-weight:600;border-left:4px solid currentColor}"
    ".told{padding:.5rem .8rem;border:1px solid currentColor;border-radius:6px;font-weight:600}"
    ".legend{color:var(--faint)}.legend b{margin-left:.6rem}"
    "button,select{font:inherit;padding:.25rem .6rem}";
