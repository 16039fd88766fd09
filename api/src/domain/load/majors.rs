//! Majors, industry chains, what schools teach: files that a folder may have.

use entity::{
    ids::{ChainCode, MajorCode},
    industry_chain, major, major_chain, programme,
    words::MajorLevel,
};

use super::{
    faults::{Faults, Wrong},
    known::{Body, Known, code_of_name, distinct_codes},
    row::{Form, Kind, Row, filled},
    sheet::Sheet,
};
use crate::domain::registry::majors::is_major_code;

/// `majors.csv`.
pub(super) struct Majors;
/// `industry_chains.csv`.
pub(super) struct Chains;
/// `major_chains.csv`.
pub(super) struct MajorChains;
/// `programmes.csv`.
pub(super) struct Programmes;

const MAJOR_CODE: Form = Form { like: "460301", is: is_major_code };

const DAY: Form = Form { like: "2024-09-01", is: |text| text.parse::<chrono::NaiveDate>().is_ok() };

impl Kind for Majors {
    type Model = major::Model;
    const FILE: &'static str = "majors";
    const COLUMNS: &'static [&'static str] =
        &["code", "name_zh", "category_zh", "class_zh", "level", "edition", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["code"]];
    const IS_OPTIONAL: bool = true;

    fn read(row: &mut Row<'_>, _: &Known) -> Option<major::Model> {
        filled!(major::Model {
            code: row.form("code", MAJOR_CODE).map(MajorCode),
            position: row.position(),
            name: row.text("name_zh"),
            name_en: row.maybe_text("name_en"),
            category: row.text("category_zh"),
            class: row.text("class_zh"),
            level: row.word::<MajorLevel>("level"),
            edition: row.text("edition"),
            source: row.text("source"),
        })
    }
}

impl Kind for Chains {
    type Model = industry_chain::Model;
    const FILE: &'static str = "industry_chains";
    const COLUMNS: &'static [&'static str] = &["name_zh", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["name_zh"]];
    const IS_OPTIONAL: bool = true;

    fn read(row: &mut Row<'_>, _: &Known) -> Option<industry_chain::Model> {
        let name = row.text("name_zh");
        filled!(industry_chain::Model {
            code: name.as_deref().map(|name| ChainCode(code_of_name('I', name))),
            position: row.position(),
            name,
            name_en: row.maybe_text("name_en"),
            source: row.text("source"),
        })
    }

    fn across(sheet: &Sheet, _: &Known, faults: &mut Faults) {
        distinct_codes(sheet, 'I', faults);
    }
}

impl Kind for MajorChains {
    type Model = major_chain::Model;
    const FILE: &'static str = "major_chains";
    const COLUMNS: &'static [&'static str] = &["major_code", "chain_name_zh", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["major_code", "chain_name_zh"]];
    const IS_OPTIONAL: bool = true;

    fn read(row: &mut Row<'_>, known: &Known) -> Option<major_chain::Model> {
        filled!(major_chain::Model {
            id: row.id(&["major_code", "chain_name_zh"]),
            position: row.position(),
            major_code: row.refer("major_code", &known.majors),
            chain_code: row.refer("chain_name_zh", &known.chains),
            source: row.text("source"),
        })
    }
}

impl Kind for Programmes {
    type Model = programme::Model;
    const FILE: &'static str = "programmes";
    const COLUMNS: &'static [&'static str] = &["school_name_zh", "major_code", "since", "until", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["school_name_zh", "major_code", "since"]];
    const IS_OPTIONAL: bool = true;

    fn read(row: &mut Row<'_>, known: &Known) -> Option<programme::Model> {
        let school = match row.refer("school_name_zh", &known.bodies) {
            Some(Body::School(code)) => Some(code),
            Some(other) => {
                row.fault_of("school_name_zh", &Wrong::AnotherKind, "school", other.kind());
                None
            }
            None => None,
        };
        let day = |text: Option<Option<String>>| text.map(|text| text.and_then(|text| text.parse().ok()));
        let (since, until) = (day(row.maybe_form("since", DAY)), day(row.maybe_form("until", DAY)));
        if let (Some(Some(since)), Some(Some(until))) = (since, until)
            && since > until
        {
            row.contradiction("until", "止于开始之前", "it ends before it begins");
            return None;
        }
        filled!(programme::Model {
            id: row.id(&["school_name_zh", "major_code", "since"]),
            position: row.position(),
            school_code: school,
            major_code: row.refer("major_code", &known.majors),
            since,
            until,
            source: row.text("source"),
        })
    }
}
