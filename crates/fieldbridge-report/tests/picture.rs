//! What the pixels and the page hold.

use fieldbridge_report::{
    Block, Curve, LineChart, NoticeKind, Report, ReportError, Section, Theme, Tone, Verdict, png,
};

fn chart(theme: Theme) -> String {
    let x: Vec<f64> = (0..100).map(f64::from).collect();
    let y = x.iter().map(|x| (x / 10.0).sin()).collect();
    LineChart {
        title: "σ₈ against Ωₘ".to_owned(),
        curves: vec![Curve::new("line", x, y)],
        ..LineChart::default()
    }
    .svg(theme)
}

/// Width and height from the header of a PNG file.
fn size(png: &[u8]) -> (u32, u32) {
    let number = |start: usize| u32::from_be_bytes(png[start..start + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[test]
fn picture_has_the_width_asked_for_and_the_shape_of_the_figure() {
    let picture = png(&chart(Theme::Light), 920).expect("a picture");
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(size(&picture), (920, 660));
}

#[test]
fn text_is_drawn_with_the_embedded_font() {
    let with_text = chart(Theme::Light);
    let without_text = {
        let mut rest = with_text.as_str();
        let mut kept = String::new();
        while let Some(start) = rest.find("<text") {
            kept.push_str(&rest[..start]);
            rest = &rest[start + rest[start..].find("</text>").expect("texts are closed") + "</text>".len()..];
        }
        kept + rest
    };
    let (with, without) = (
        png(&with_text, 460).expect("a picture"),
        png(&without_text, 460).expect("a picture"),
    );
    assert!(
        with.len() > without.len() + 1000,
        "{} and {} bytes",
        with.len(),
        without.len()
    );
}

#[test]
fn dark_and_light_pictures_differ_and_page_figures_are_refused() {
    assert_ne!(
        png(&chart(Theme::Light), 100).expect("light"),
        png(&chart(Theme::Dark), 100).expect("dark")
    );
    assert!(matches!(
        png(&chart(Theme::Page), 100),
        Err(ReportError::ColoursOutsideFigure)
    ));
}

#[test]
fn impossible_pictures_are_errors() {
    assert!(matches!(png("no picture", 100), Err(ReportError::UnreadableSvg { .. })));
    assert!(matches!(
        png(&chart(Theme::Light), 0),
        Err(ReportError::PictureSize { .. })
    ));
    assert!(matches!(
        png(&chart(Theme::Light), u32::MAX),
        Err(ReportError::PictureSize { .. })
    ));
}

#[test]
fn page_needs_no_network_and_escapes_what_it_is_given() {
    let hostile = "<img src=x onerror=alert(1)>".to_owned();
    let report = Report {
        title: hostile.clone(),
        subtitle: hostile.clone(),
        verdict: Some(Verdict {
            word: hostile.clone(),
            tone: Tone::Bad,
            sentence: hostile.clone(),
            p_value: Some(0.012),
        }),
        sections: vec![Section::new(
            hostile.clone(),
            vec![
                Block::Paragraph(hostile.clone()),
                Block::Table {
                    caption: hostile.clone(),
                    header: vec![hostile.clone()],
                    rows: vec![vec![hostile.clone(), "1.0".to_owned()]],
                    numeric: vec![false, true],
                },
                Block::figure(hostile.clone(), hostile.clone(), chart(Theme::Page)),
                Block::Code {
                    language: hostile.clone(),
                    text: hostile.clone(),
                },
                Block::Notice {
                    kind: NoticeKind::Warning,
                    text: hostile.clone(),
                },
                Block::KeyValues(vec![(hostile.clone(), hostile.clone())]),
            ],
        )],
        footer: hostile,
    };
    let page = report.html();
    assert!(!page.contains("<img"));
    assert!(page.contains("p = 0.012"));
    assert!(page.contains("<td class=\"number\">1.0</td>"));
    // The name space of SVG is the only address in the page; it is never fetched.
    let addresses = page.matches("http").count() - page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(addresses, 0);
    for forbidden in ["<script", "<link", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}
