//! Cities, schools, enterprises, institutions, consortia: what has a name and a code.

use std::collections::HashMap;

use entity::{
    city, consortium, enterprise, external_institution,
    ids::{ConsortiumCode, EnterpriseCode, InstitutionCode},
    school,
    words::Affiliation,
};

use super::{
    faults::{Faults, Wrong},
    known::{CITY_CODE, Known, code_of_name, code_of_school, distinct_codes},
    row::{Form, Kind, Row, filled},
    sheet::Sheet,
};
use crate::formats::uscc::is_uscc;

/// `cities.csv`.
pub(super) struct Cities;
/// `schools.csv`.
pub(super) struct Schools;
/// `enterprises.csv`.
pub(super) struct Enterprises;
/// `external_institutions.csv`.
pub(super) struct Institutions;
/// `consortia.csv`.
pub(super) struct Consortia;

const SCHOOL_CODE: Form = Form {
    like: "62001",
    is: |code| code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
};

const NATIONAL_CODE: Form =
    Form { like: "4162010838", is: |code| code.len() == 10 && code.bytes().all(|byte| byte.is_ascii_digit()) };

const USCC: Form = Form { like: "91350100M000100Y43 (GB 32100)", is: is_uscc };

impl Kind for Cities {
    type Model = city::Model;
    const FILE: &'static str = "cities";
    const COLUMNS: &'static [&'static str] = &["code", "name_zh", "name_en", "kind", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["code"], &["name_zh"]];

    fn read(row: &mut Row<'_>, _: &Known) -> Option<city::Model> {
        filled!(city::Model {
            code: row.form("code", CITY_CODE).map(Into::into),
            name: row.text("name_zh"),
            name_en: row.maybe_text("name_en"),
            kind: row.one_of("kind", &["city", "autonomous_prefecture"]),
            source: row.text("source"),
        })
    }
}

impl Kind for Schools {
    type Model = school::Model;
    const FILE: &'static str = "schools";
    const COLUMNS: &'static [&'static str] = &[
        "seq",
        "name_zh",
        "name_en",
        "tier",
        "tier_zh",
        "ownership",
        "category_zh",
        "category",
        "city_code",
        "source",
    ];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["name_zh"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<school::Model> {
        let given = row.maybe_form("code", SCHOOL_CODE);
        if row.cell("code").is_empty() {
            row.whole::<i16>("seq", 1, 999);
        }
        filled!(school::Model {
            name: row.text("name_zh"),
            name_en: row.maybe_text("name_en"),
            tier: row.word("tier"),
            ownership: row.word("ownership"),
            category: row.word("category"),
            // Who runs a school is seldom printed; where it is not, the city reviews.
            affiliation: row.maybe_word("affiliation").map(|said| said.unwrap_or(Affiliation::City)),
            city_code: row.refer("city_code", &known.cities),
            national_code: row.maybe_form("national_code", NATIONAL_CODE),
            source: row.text("source"),
            code: given.and_then(|_| row.school_code()),
        })
    }

    fn across(sheet: &Sheet, _: &Known, faults: &mut Faults) {
        let mut first = HashMap::new();
        for line in &sheet.lines {
            let Some(code) = code_of_school(sheet, line) else { continue };
            let number = *first.entry(code.clone()).or_insert(line.number);
            if number != line.number {
                let column = if sheet.cell(line, "code").is_some_and(|code| !code.is_empty()) { "code" } else { "seq" };
                faults.add(sheet.place(line, column), &Wrong::Twice(sheet.file.clone(), number), "", code.0);
            }
        }
    }
}

/// `name` or `text`: how the city of a body is known.
fn city_basis(row: &mut Row<'_>) -> Option<Option<String>> {
    let basis = row.one_of_or("city_basis", &["name", "text"], "text")?;
    if row.cell("city_code").is_empty() {
        if !row.cell("city_basis").is_empty() {
            row.contradiction("city_basis", "没有 city_code 时应为空", "must be empty where there is no city_code");
            return None;
        }
        return Some(None);
    }
    Some(Some(basis))
}

/// Faults every body that has the name of one in an earlier file: a name must stand for one body.
fn one_register(sheet: &Sheet, known: &Known, faults: &mut Faults) {
    for line in &sheet.lines {
        let Some(name) = sheet.cell(line, "name_zh") else { continue };
        if let Some((file, number)) = known.bodies.first(name).filter(|(file, _)| *file != sheet.file) {
            faults.add(sheet.place(line, "name_zh"), &Wrong::Twice(file.clone(), *number), "", name);
        }
    }
}

impl Kind for Enterprises {
    type Model = enterprise::Model;
    const FILE: &'static str = "enterprises";
    const COLUMNS: &'static [&'static str] =
        &["seq", "name_zh", "name_en", "industry_zh", "certification", "city_code", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["name_zh"], &["uscc"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<enterprise::Model> {
        let name = row.text("name_zh");
        filled!(enterprise::Model {
            code: name.as_deref().map(|name| EnterpriseCode(code_of_name('E', name))),
            position: row.position(),
            name,
            name_en: row.maybe_text("name_en"),
            industry: row.maybe_text("industry_zh"),
            certification: row.maybe_text("certification"),
            city_code: row.maybe_refer("city_code", &known.cities),
            city_basis: city_basis(row),
            uscc: row.maybe_form("uscc", USCC),
            // What it says of itself, it says here.
            website: Some(None),
            profile: Some(None),
            source: row.text("source"),
        })
    }

    fn across(sheet: &Sheet, known: &Known, faults: &mut Faults) {
        distinct_codes(sheet, 'E', faults);
        one_register(sheet, known, faults);
    }
}

impl Kind for Institutions {
    type Model = external_institution::Model;
    const FILE: &'static str = "external_institutions";
    const COLUMNS: &'static [&'static str] = &["name_zh", "name_en", "kind", "city_code", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["name_zh"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<external_institution::Model> {
        let name = row.text("name_zh");
        filled!(external_institution::Model {
            code: name.as_deref().map(|name| InstitutionCode(code_of_name('X', name))),
            position: row.position(),
            name,
            name_en: row.maybe_text("name_en"),
            kind: row.text("kind"),
            city_code: row.maybe_refer("city_code", &known.cities),
            city_basis: city_basis(row),
            source: row.text("source"),
        })
    }

    fn across(sheet: &Sheet, known: &Known, faults: &mut Faults) {
        distinct_codes(sheet, 'X', faults);
        one_register(sheet, known, faults);
    }
}

impl Kind for Consortia {
    type Model = consortium::Model;
    const FILE: &'static str = "consortia";
    const COLUMNS: &'static [&'static str] = &["name_zh", "name_en", "kind", "scope", "founded_on", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["name_zh"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<consortium::Model> {
        let name = row.text("name_zh");
        filled!(consortium::Model {
            code: name.as_deref().map(|name| ConsortiumCode(code_of_name('C', name))),
            position: row.position(),
            name,
            name_en: row.maybe_text("name_en"),
            kind: row.word("kind"),
            scope: row.word("scope"),
            founded_on: row.maybe_text("founded_on"),
            source: row.text("source"),
            chain_code: row.maybe_refer("chain_name_zh", &known.chains),
        })
    }

    fn across(sheet: &Sheet, _: &Known, faults: &mut Faults) {
        distinct_codes(sheet, 'C', faults);
    }
}
