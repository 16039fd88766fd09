//! Drawings of a report as SVG: bars, and lines over the years. Attributes alone, no style, no script, no fonts of
//! others; coordinates are decimals with one place, so that the same figures give the same bytes.

use rust_decimal::{Decimal, RoundingStrategy};

use super::page::escaped;

/// A drawing.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The name of its file.
    pub file: String,
    /// What it shows.
    pub title: String,
    /// How.
    pub kind: Kind,
    /// A name and a figure each; of lines a period and a figure.
    pub points: Vec<Series>,
}

/// How figures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bar for each name.
    Bars,
    /// A line for each series, over the periods.
    Lines,
}

/// Figures that belong together; of bars there is one series.
#[derive(Clone, Debug)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// A name or a period, and its figure.
    pub points: Vec<(String, Option<Decimal>)>,
}

const WIDTH: i64 = 720;
/// Where names end and bars begin.
const NAMES: i64 = 180;
const ROW: i64 = 26;
const COLOURS: [&str; 6] = ["#1f4e79", "#c55a11", "#548235", "#7f6000", "#7030a0", "#404040"];

/// A length within `room`, of a figure beside the largest.
fn length(value: Decimal, most: Decimal, room: i64) -> Decimal {
    let share = if most.is_zero() { Decimal::ZERO } else { value.checked_div(most).unwrap_or_default() };
    (share * Decimal::from(room)).round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero).normalize()
}

fn digits(value: Decimal) -> String {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize().to_string()
}

impl Drawing {
    /// The whole drawing, by itself or within a page.
    pub fn svg(&self) -> String {
        match self.kind {
            Kind::Bars => self.bars(),
            Kind::Lines => self.lines(),
        }
    }

    fn head(&self, height: i64) -> String {
        let title = escaped(&self.title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" font-family=\"serif\" font-size=\"13\">\n<title>{title}</title>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        )
    }

    fn bars(&self) -> String {
        let points: Vec<(&str, Decimal)> = self
            .points
            .iter()
            .flat_map(|series| &series.points)
            .filter_map(|(name, value)| Some((name.as_str(), (*value)?)))
            .collect();
        let most = points.iter().map(|(_, value)| *value).max().unwrap_or_default();
        let height = ROW * i64::try_from(points.len()).unwrap_or(0) + 20;
        let mut svg = self.head(height);
        for (at, (name, value)) in (0_i64..).zip(points) {
            let (top, middle) = (10 + at * ROW, 10 + at * ROW + 17);
            let width = length(value, most, WIDTH - NAMES - 110);
            let (end, name, figure) = (Decimal::from(NAMES + 6) + width, escaped(name), digits(value));
            svg.push_str(&format!(
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{name}</text>\
                 <rect x=\"{NAMES}\" y=\"{}\" width=\"{width}\" height=\"18\" fill=\"{}\"/>\
                 <text x=\"{end}\" y=\"{middle}\">{figure}</text>\n",
                NAMES - 8,
                top + 3,
                COLOURS[0]
            ));
        }
        svg + "</svg>\n"
    }

    /// Each series in a band and on a scale of its own, from zero to its largest figure: what is compared is how it
    /// moves, and no figure stands on another.
    fn lines(&self) -> String {
        const BAND: i64 = 110;
        let bands = i64::try_from(self.points.len()).unwrap_or(0);
        let mut svg = self.head(BAND * bands + 40);
        let periods = self.points.first().map(|series| series.points.as_slice()).unwrap_or_default();
        let steps = i64::try_from(periods.len().saturating_sub(1)).unwrap_or(0).max(1);
        let across = |at: i64| 70 + at * (WIDTH - 140) / steps;
        for ((which, series), colour) in (0_i64..).zip(&self.points).zip(COLOURS.iter().cycle()) {
            let (top, ground) = (10 + which * BAND, (which + 1) * BAND);
            svg.push_str(&format!(
                "<rect x=\"40\" y=\"{top}\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"58\" y=\"{}\">{}</text>\n\
                 <line x1=\"40\" y1=\"{ground}\" x2=\"{}\" y2=\"{ground}\" stroke=\"#777777\"/>\n",
                top + 11,
                escaped(&series.name),
                WIDTH - 40
            ));
            let most = series.points.iter().filter_map(|(_, value)| *value).max().unwrap_or_default();
            let known: Vec<(i64, Decimal, Decimal)> = (0_i64..)
                .zip(&series.points)
                .filter_map(|(at, (_, value))| {
                    let value = (*value)?;
                    Some((across(at), Decimal::from(ground) - length(value, most, BAND - 50), value))
                })
                .collect();
            let path: Vec<String> = known.iter().map(|(x, y, _)| format!("{x},{y}")).collect();
            svg.push_str(&format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
                path.join(" ")
            ));
            for (x, y, value) in &known {
                svg.push_str(&format!(
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/><text x=\"{x}\" y=\"{}\" \
                     text-anchor=\"middle\" font-size=\"11\">{}</text>\n",
                    *y - Decimal::from(6),
                    digits(*value)
                ));
            }
        }
        for (at, (period, _)) in (0_i64..).zip(periods) {
            let (x, y) = (across(at), BAND * bands + 24);
            svg.push_str(&format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>\n", escaped(period)));
        }
        svg + "</svg>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_with_their_largest_figure_in_one_year_do_not_cover_each_other() {
        let series = |name: &str, figures: [Option<i64>; 3]| Series {
            name: name.to_owned(),
            points: ["2021", "2022", "2023"]
                .iter()
                .zip(figures)
                .map(|(year, figure)| ((*year).to_owned(), figure.map(Decimal::from)))
                .collect(),
        };
        let points = vec![
            series("一", [Some(100), None, Some(300)]),
            series("<二>", [Some(1), Some(2), Some(3)]),
            series("三", [None, None, Some(0)]),
        ];
        let drawing = Drawing { file: "x".to_owned(), title: "图".to_owned(), kind: Kind::Lines, points };
        let svg = drawing.svg();
        let places: Vec<&str> =
            svg.split("<circle ").skip(1).map(|rest| rest.split(" r=").next().unwrap_or_default()).collect();
        let mut distinct = places.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((places.len(), distinct.len()), (6, 6), "{svg}");
        assert!(svg.contains(">300</text>") && svg.contains(">3</text>") && svg.contains("&lt;二&gt;"), "{svg}");
    }
}
