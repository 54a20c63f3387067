use std::fmt::Write;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::{Block, NoticeKind, Report, Section, Tone, Verdict, style::style_sheet};
use crate::{drawing::escape, number::format_number};

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    let _ = write!(
        page,
        "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
        escape(&report.title),
        style_sheet()
    );
    let _ = writeln!(page, "<header><h1>{}</h1>", escape(&report.title));
    if !report.subtitle.is_empty() {
        let _ = writeln!(page, "<p class=\"subtitle\">{}</p>", inline(&report.subtitle));
    }
    page.push_str("</header>\n<main>\n");
    if let Some(verdict) = &report.verdict {
        write_verdict(&mut page, verdict);
    }
    write_contents(&mut page, &report.sections);
    let mut numbers = Numbers::default();
    for (index, section) in report.sections.iter().enumerate() {
        let _ = writeln!(
            page,
            "<section id=\"section-{}\">\n<h2>{}</h2>",
            index + 1,
            escape(&section.title)
        );
        write_blocks(&mut page, &section.blocks, &mut numbers);
        page.push_str("</section>\n");
    }
    page.push_str("</main>\n");
    if !report.footer.is_empty() {
        let _ = writeln!(page, "<footer>{}</footer>", paragraphs(&report.footer));
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// Running numbers, so that text can say "Figure 3".
#[derive(Default)]
struct Numbers {
    figures: usize,
    tables: usize,
}

fn write_verdict(page: &mut String, verdict: &Verdict) {
    // The sign carries the meaning for those who do not see the colour.
    let (class, sign) = match verdict.tone {
        Tone::Good => ("good", "✓"),
        Tone::Caution => ("caution", "!"),
        Tone::Bad => ("bad", "✗"),
        Tone::Neutral => ("neutral", "?"),
    };
    let _ = write!(
        page,
        "<div class=\"verdict {class}\"><p class=\"word\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{}",
        escape(&verdict.word)
    );
    if let Some(p_value) = verdict.p_value {
        let _ = write!(
            page,
            "<span class=\"p-value\">p = {}</span>",
            escape(&in_two_digits(p_value))
        );
    }
    let _ = writeln!(page, "</p><p>{}</p></div>", inline(&verdict.sentence));
}

/// A p-value; more digits than two would promise what no p-value can hold.
fn in_two_digits(p_value: f64) -> String {
    format_number(format!("{p_value:.1e}").parse().unwrap_or(p_value))
}

fn write_contents(page: &mut String, sections: &[Section]) {
    if sections.len() < 2 {
        return;
    }
    page.push_str("<nav aria-label=\"Contents\"><ol>");
    for (index, section) in sections.iter().enumerate() {
        let _ = write!(
            page,
            "<li><a href=\"#section-{}\">{}</a></li>",
            index + 1,
            escape(&section.title)
        );
    }
    page.push_str("</ol></nav>\n");
}

fn write_blocks(page: &mut String, blocks: &[Block], numbers: &mut Numbers) {
    let mut in_row = false;
    for block in blocks {
        let shares_row = matches!(block, Block::Figure { wide: false, .. } | Block::Picture { .. });
        if shares_row != in_row {
            page.push_str(if shares_row {
                "<div class=\"row\">\n"
            } else {
                "</div>\n"
            });
            in_row = shares_row;
        }
        write_block(page, block, numbers);
    }
    if in_row {
        page.push_str("</div>\n");
    }
}

fn write_block(page: &mut String, block: &Block, numbers: &mut Numbers) {
    match block {
        Block::Paragraph(text) => page.push_str(&paragraphs(text)),
        Block::Table {
            caption,
            header,
            rows,
            numeric,
        } => {
            numbers.tables += 1;
            write_table(page, numbers.tables, caption, header, rows, numeric);
        }
        Block::Figure {
            id,
            caption,
            alt,
            svg,
            narrow_svg,
            wide,
        } => {
            numbers.figures += 1;
            let alt = escape(if alt.is_empty() { caption } else { alt });
            let class = if *wide { "wide" } else { "single" };
            let _ = write!(page, "<figure id=\"{}\" class=\"{class}\">", escape(id));
            // The style sheet shows one of the two layouts, never both.
            let layouts = match narrow_svg {
                Some(narrow) => vec![("plot broad-only", svg), ("plot narrow-only", narrow)],
                None => vec![("plot", svg)],
            };
            for (class, svg) in layouts {
                let _ = write!(
                    page,
                    "<div class=\"{class}\" role=\"img\" aria-label=\"{alt}\" tabindex=\"0\">{svg}</div>"
                );
            }
            let _ = writeln!(
                page,
                "<figcaption><b>Figure {}.</b> {}</figcaption></figure>",
                numbers.figures,
                inline(caption)
            );
        }
        Block::Picture { id, caption, png } => {
            numbers.figures += 1;
            let _ = writeln!(
                page,
                "<figure id=\"{}\" class=\"single\"><img alt=\"{}\" src=\"data:image/png;base64,{}\">\
                 <figcaption><b>Figure {}.</b> {}</figcaption></figure>",
                escape(id),
                escape(caption),
                BASE64_STANDARD.encode(png),
                numbers.figures,
                inline(caption)
            );
        }
        Block::Code { language, text } => {
            let (language, text) = (escape(language), escape(text));
            let _ = writeln!(
                page,
                "<pre tabindex=\"0\"><code class=\"language-{language}\">{text}</code></pre>"
            );
        }
        Block::Notice { kind, text } => {
            let (class, word) = match kind {
                NoticeKind::Note => ("note", "Note."),
                NoticeKind::Warning => ("warning", "Warning."),
            };
            let _ = writeln!(
                page,
                "<div class=\"notice {class}\"><p><b>{word}</b> {}</p></div>",
                inline(text)
            );
        }
        Block::KeyValues(pairs) => {
            page.push_str("<dl>");
            for (name, value) in pairs {
                let _ = write!(page, "<div><dt>{}</dt><dd>{}</dd></div>", inline(name), inline(value));
            }
            page.push_str("</dl>\n");
        }
    }
}

fn write_table(
    page: &mut String,
    number: usize,
    caption: &str,
    header: &[String],
    rows: &[Vec<String>],
    numeric: &[bool],
) {
    let class = |column: usize| {
        if numeric.get(column) == Some(&true) {
            " class=\"number\""
        } else {
            ""
        }
    };
    let _ = write!(
        page,
        "<div class=\"table\" tabindex=\"0\"><table><caption><b>Table {number}.</b> {}</caption>",
        inline(caption)
    );
    page.push_str("<thead><tr>");
    for (column, head) in header.iter().enumerate() {
        let _ = write!(page, "<th scope=\"col\"{}>{}</th>", class(column), inline(head));
    }
    page.push_str("</tr></thead><tbody>");
    for row in rows {
        page.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(page, "<td{}>{}</td>", class(column), inline(cell));
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div>\n");
}

/// Text with empty lines between paragraphs.
fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| format!("<p>{}</p>\n", inline(part))).collect()
}

/// Escaped text in which paired backticks and paired double asterisks have their usual meaning.
fn inline(text: &str) -> String {
    let escaped = escape(text);
    let mut pieces = escaped.split('`').peekable();
    let mut written = String::with_capacity(escaped.len());
    let mut in_code = false;
    while let Some(piece) = pieces.next() {
        let closes = pieces.peek().is_some();
        match (in_code, closes) {
            (true, true) => {
                let _ = write!(written, "<code>{piece}</code>");
            }
            // A backtick without partner stays what it is.
            (true, false) => {
                written.push('`');
                written.push_str(&strong(piece));
            }
            (false, _) => written.push_str(&strong(piece)),
        }
        in_code = !in_code;
    }
    written
}

/// Turns paired double asterisks into strong text.
fn strong(text: &str) -> String {
    let pieces: Vec<&str> = text.split("**").collect();
    let last = pieces.len() - 1;
    let mut written = String::with_capacity(text.len());
    for (index, piece) in pieces.iter().enumerate() {
        match (index % 2 == 1, index == last) {
            (true, false) => {
                let _ = write!(written, "<strong>{piece}</strong>");
            }
            (true, true) => {
                let _ = write!(written, "**{piece}");
            }
            (false, _) => written.push_str(piece),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_becomes_part_of_the_page() {
        let mut text = String::new();
        let block = Block::Picture {
            id: "a".to_owned(),
            caption: "a \"b\" <c>".to_owned(),
            png: vec![0x89, 0x50, 0x4e, 0x47],
        };
        write_blocks(&mut text, &[block], &mut Numbers::default());
        assert!(text.contains("src=\"data:image/png;base64,iVBORw==\""), "{text}");
        assert!(
            text.contains("alt=\"a &quot;b&quot; &lt;c&gt;\"") && text.contains("Figure 1."),
            "{text}"
        );
    }

    #[test]
    fn inline_marks_need_partners_and_escape_everything() {
        assert_eq!(inline("a `b<c` **d**"), "a <code>b&lt;c</code> <strong>d</strong>");
        assert_eq!(inline("2 ** 3 `x"), "2 ** 3 `x");
        assert_eq!(inline("<script>&\"'"), "&lt;script&gt;&amp;&quot;&#39;");
        assert_eq!(inline("`**a**`"), "<code>**a**</code>");
    }
}
