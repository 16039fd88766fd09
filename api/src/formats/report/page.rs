//! Pages of a report: one file each, that asks for nothing else and runs nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{Cell, Figure, Report, Table};

/// For the screen and for A4.
const STYLE: &str = "\
:root{color-scheme:light}\
body{margin:2rem auto;max-width:60rem;padding:0 1rem;font:15px/1.6 'Noto Serif CJK SC','Songti SC',SimSun,serif;color:#111;background:#fff}\
h1{font-size:1.5rem;text-align:center}\
nav ol{columns:2}\
table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.9rem}\
caption{font-weight:bold;padding:.5rem 0}\
th,td{border:1px solid #555;padding:.2rem .5rem;vertical-align:top}\
th{background:#eee}\
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
td.i1{padding-left:2rem}td.i2{padding-left:3.5rem}td.i3{padding-left:5rem}\
tr.t td{font-weight:bold;border-top:2px solid #111}\
td.c{background:#fff4d6}\
sup{font-size:.7em}\
ol.notes{font-size:.8rem}\
footer,p.legend{font-size:.8rem;color:#333}\
svg{max-width:100%;height:auto}\
figure{margin:1rem 0}figcaption{font-weight:bold;text-align:center}\
section{margin-bottom:2rem}\
@page{size:A4;margin:18mm 15mm}\
@media print{body{margin:0;max-width:none;font-size:10pt}nav{display:none}section{break-before:page}\
tr,figure{break-inside:avoid}thead{display:table-header-group}td.c{background:none}a{color:inherit;text-decoration:none}}";

/// What a page may do: show itself, in its own style.
pub fn policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
}

/// A text between marks.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What no page may hold.
            letter if letter.is_control() && letter != '\n' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// A page around its body.
fn page(report: &Report, title: &str, body: &str) -> String {
    let (language, title, origin) = (report.language, escaped(title), escaped(&report.origin));
    let policy = escaped(&policy());
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n{body}<footer>{origin}</footer>\n</body>\n</html>\n"
    )
}

fn legend(report: &Report) -> String {
    report.legend.iter().map(|text| format!("<p class=\"legend\">{}</p>\n", escaped(text))).collect()
}

/// One table on a page of its own.
pub fn of_table(report: &Report, table: &Table) -> String {
    page(report, &report.title, &format!("{}{}", section(report, table), legend(report)))
}

/// The whole report.
pub fn of_report(report: &Report) -> String {
    let mut body = String::from("<nav><ol>\n");
    for table in &report.tables {
        let (file, number, name) = (&table.file, escaped(&table.number), escaped(&table.name));
        body.push_str(&format!("<li><a href=\"#{file}\">{number} {name}</a></li>\n"));
    }
    body.push_str("</ol></nav>\n");
    body.push_str(&legend(report));
    for table in &report.tables {
        body.push_str(&section(report, table));
    }
    for drawing in &report.drawings {
        let caption = escaped(&drawing.title);
        body.push_str(&format!(
            "<section>\n<figure>\n{}<figcaption>{caption}</figcaption>\n</figure>\n</section>\n",
            drawing.svg()
        ));
    }
    page(report, &report.title, &body)
}

fn section(report: &Report, table: &Table) -> String {
    let mut out = format!(
        "<section id=\"{}\">\n<table>\n<caption>{} {}</caption>\n<thead><tr>",
        table.file,
        escaped(&table.number),
        escaped(&table.name)
    );
    for column in &table.columns {
        out.push_str(&format!("<th scope=\"col\">{}</th>", escaped(&column.name)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str(if row.is_total { "<tr class=\"t\">" } else { "<tr>" });
        for cell in &row.cells {
            match cell {
                Cell::Text(text, 0) => out.push_str(&format!("<td>{}</td>", escaped(text))),
                Cell::Text(text, level) => {
                    out.push_str(&format!("<td class=\"i{}\">{}</td>", (*level).min(3), escaped(text)));
                }
                Cell::Figure(figure) => out.push_str(&figured(&table.file, figure)),
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
    if !table.notes.is_empty() {
        out.push_str(&format!("<p class=\"legend\">{}</p>\n<ol class=\"notes\">\n", escaped(&report.notes_title)));
        for (number, note) in (1_usize..).zip(&table.notes) {
            out.push_str(&format!("<li id=\"{}-note-{number}\">{}</li>\n", table.file, escaped(note)));
        }
        out.push_str("</ol>\n");
    }
    out.push_str("</section>\n");
    out
}

fn figured(file: &str, figure: &Figure) -> String {
    let class = if figure.notes.is_empty() { "n" } else { "n c" };
    let marks: String = figure
        .notes
        .iter()
        .map(|number| format!("<sup><a href=\"#{file}-note-{number}\">{number}</a></sup>"))
        .collect();
    format!(
        "<td class=\"{class}\" title=\"{}\" data-indicator=\"{}\" data-value=\"{}\">{}{marks}</td>",
        escaped(&figure.title),
        escaped(&figure.indicator),
        figure.exact(),
        escaped(&figure.printed())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        assert_eq!(
            escaped("<script>\"a\" & 'b'\u{0}</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39; &lt;/script&gt;"
        );
    }
}
