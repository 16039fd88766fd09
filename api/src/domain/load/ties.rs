//! Titles, memberships, other names, partnerships: what ties the registry together.

use std::collections::HashMap;

use entity::{
    alias, consortium_member, designation, partnership,
    words::{EntityType, PartnershipSide, PartnershipState},
};

use super::{
    faults::{Faults, Wrong},
    known::{Body, Known},
    row::{Kind, Row, filled},
    sheet::Sheet,
};

/// `designations.csv`.
pub(super) struct Designations;
/// `consortium_members.csv`.
pub(super) struct Members;
/// `entity_aliases.csv`.
pub(super) struct Aliases;
/// `partnerships.csv`.
pub(super) struct Partnerships;

/// A suggestion between two names, not merged.
const POSSIBLE: &str = "possible";

/// Whether a body is what a file calls it: `school` is one of the list or outside of it, as any
/// word that is neither `school` nor `enterprise` is the kind of an institution.
fn is_called(body: &Body, word: &str) -> bool {
    match (body, word) {
        (Body::School(_), "school") | (Body::Enterprise(_), "enterprise") => true,
        (Body::Institution(..), "school" | "institution") => true,
        (Body::Institution(_, kind), word) => kind == word,
        _ => false,
    }
}

/// The body that a name stands for, if it is what the word of another column calls it.
fn body(row: &mut Row<'_>, column: &str, word: Option<&str>, known: &Known) -> Option<Body> {
    let body = row.refer(column, &known.bodies)?;
    if is_called(&body, word?) {
        return Some(body);
    }
    row.fault_of(column, &Wrong::AnotherKind, word?, body.kind());
    None
}

/// The words for a body: the three of the registry and the kinds of institutions.
fn body_words<'a>(known: &'a Known, more: &[&'static str]) -> Vec<&'a str> {
    let fixed = ["school", "enterprise", "institution"];
    fixed.into_iter().chain(more.iter().copied()).chain(known.institution_kinds.iter().map(String::as_str)).collect()
}

impl Kind for Designations {
    type Model = designation::Model;
    const FILE: &'static str = "designations";
    const COLUMNS: &'static [&'static str] = &["school_name_zh", "designation_zh", "designation_en", "level", "source"];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<designation::Model> {
        let school = match body(row, "school_name_zh", Some("school"), known) {
            Some(Body::School(code)) => Some(code),
            Some(_) => {
                // Still looked at below, so that its faults are named.
                row.leave("学校名单以外的学校所获称号 / titles of schools outside the list");
                None
            }
            None => None,
        };
        filled!(designation::Model {
            school_code: school,
            position: row.position(),
            id: row.id(&["school_name_zh", "designation_zh", "detail_zh"]),
            name: row.text("designation_zh"),
            name_en: row.maybe_text("designation_en"),
            level: row.text("level"),
            detail: row.maybe_text("detail_zh"),
            source: row.text("source"),
        })
    }
}

impl Kind for Members {
    type Model = consortium_member::Model;
    const FILE: &'static str = "consortium_members";
    const COLUMNS: &'static [&'static str] = &["consortium_name_zh", "member_name_zh", "member_type", "role", "source"];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<consortium_member::Model> {
        let member_type = row.one_of("member_type", &body_words(known, &[]));
        let member = body(row, "member_name_zh", member_type.as_deref(), known);
        let (mut school, mut enterprise, mut institution) = (None, None, None);
        let member = member.map(|member| match member {
            Body::School(code) => school = Some(code),
            Body::Enterprise(code) => enterprise = Some(code),
            Body::Institution(code, _) => institution = Some(code),
        });
        filled!(consortium_member::Model {
            id: row.id(&["consortium_name_zh", "member_name_zh", "role"]),
            consortium_code: row.refer("consortium_name_zh", &known.consortia),
            position: row.position(),
            member_type,
            school_code: member.map(|()| school),
            enterprise_code: member.map(|()| enterprise),
            institution_code: member.map(|()| institution),
            role: row.word("role"),
            name_as_printed: row.maybe_text("name_as_printed"),
            source: row.text("source"),
            joined_on: Some(None),
            left_on: Some(None),
            version: Some(1),
        })
    }

    /// Who has left a consortium since has left it.
    fn settled(row: consortium_member::Model, there: &consortium_member::Model) -> consortium_member::Model {
        consortium_member::Model { joined_on: there.joined_on, left_on: there.left_on, version: there.version, ..row }
    }
}

impl Kind for Aliases {
    type Model = alias::Model;
    const FILE: &'static str = "entity_aliases";
    const COLUMNS: &'static [&'static str] = &["alias_zh", "canonical_zh", "entity_type", "basis", "source"];
    const DISTINCT: &'static [&'static [&'static str]] = &[&["alias_zh", "canonical_zh"]];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<alias::Model> {
        let word = row.one_of("entity_type", &body_words(known, &["consortium"]));
        let entity = if word.as_deref() == Some("consortium") {
            row.refer("canonical_zh", &known.consortia).map(|code| (EntityType::Consortium, code.0))
        } else {
            body(row, "canonical_zh", word.as_deref(), known).map(|body| match body {
                Body::School(code) => (EntityType::School, code.0),
                Body::Enterprise(code) => (EntityType::Enterprise, code.0),
                Body::Institution(code, _) => (EntityType::Institution, code.0),
            })
        };
        let (entity_type, entity_code) = entity.unzip();
        let basis = row.one_of("basis", &["stated", "short_form", "typographic", "inferred", POSSIBLE]);
        let name = row.cell("alias_zh");
        if basis.as_deref().is_some_and(|basis| basis != POSSIBLE)
            && (known.bodies.has(name) || known.consortia.has(name))
        {
            row.contradiction(
                "alias_zh",
                "这是另一机构的正式名称；若两者可能相同，basis 应为 possible",
                "this is the official name of a body of its own; if the two may be one, the basis is `possible`",
            );
        }
        filled!(alias::Model {
            id: row.id(&["alias_zh", "canonical_zh"]),
            entity_type,
            entity_code,
            alias: row.text("alias_zh"),
            basis,
            note: row.maybe_text("note"),
            source: row.text("source"),
        })
    }

    fn across(sheet: &Sheet, _: &Known, faults: &mut Faults) {
        // A printed name stands for one body; only suggestions may name several.
        let mut first = HashMap::new();
        for line in sheet.lines.iter().filter(|line| sheet.cell(line, "basis") != Some(POSSIBLE)) {
            let (Some(alias), canonical) = (sheet.cell(line, "alias_zh"), sheet.cell(line, "canonical_zh")) else {
                continue;
            };
            let (number, other) = *first.entry(alias).or_insert((line.number, canonical));
            if other != canonical && !alias.is_empty() {
                faults.add(sheet.place(line, "alias_zh"), &Wrong::Twice(sheet.file.clone(), number), "", alias);
            }
        }
    }
}

impl Kind for Partnerships {
    type Model = partnership::Model;
    const FILE: &'static str = "partnerships";
    const COLUMNS: &'static [&'static str] =
        &["school_name_zh", "enterprise_name_zh", "kind", "count", "label_zh", "source"];

    fn read(row: &mut Row<'_>, known: &Known) -> Option<partnership::Model> {
        // A statement about a whole city has no school, a total no enterprise.
        let party = |row: &mut Row<'_>, column: &str, word: &str| {
            if row.cell(column).is_empty() { Some(None) } else { body(row, column, Some(word), known).map(Some) }
        };
        let (school, institution) = match party(row, "school_name_zh", "school") {
            Some(Some(Body::School(code))) => (Some(Some(code)), Some(None)),
            Some(Some(Body::Institution(code, _))) => (Some(None), Some(Some(code))),
            Some(_) => (Some(None), Some(None)),
            None => (None, None),
        };
        let enterprise = party(row, "enterprise_name_zh", "enterprise").map(|body| match body {
            Some(Body::Enterprise(code)) => Some(code),
            _ => None,
        });
        let status = row.one_of_or("status", &["existing", "planned"], "existing");
        // What is only planned has not been confirmed by anybody.
        let state = status.as_deref().map(|status| match status {
            "planned" => PartnershipState::Proposed,
            _ => PartnershipState::Active,
        });
        filled!(partnership::Model {
            id: row.id(&["school_name_zh", "enterprise_name_zh", "kind", "source"]),
            position: row.position(),
            school_code: school,
            institution_code: institution,
            enterprise_code: enterprise,
            kind: row.text("kind"),
            count: row.maybe_printed("count"),
            unit: row.maybe_text("unit"),
            qualifier: row.maybe_text("qualifier_zh"),
            label: row.text("label_zh"),
            label_en: row.maybe_text("label_en"),
            status,
            other_partner: row.maybe_text("other_partner_zh"),
            source: row.text("source"),
            state,
            proposed_by: Some(PartnershipSide::Province),
            major_code: Some(None),
            starts_on: Some(None),
            ends_on: Some(None),
            students: Some(None),
            investment: Some(None),
            evidence: Some("[]".to_owned()),
            reason: Some(None),
            is_printed: Some(true),
            version: Some(1),
            created_by: Some(None),
            created_at: Some(None),
            updated_at: Some(None),
        })
    }

    /// What has happened to a printed partnership since it was loaded stays: the file says what is printed of it.
    fn settled(row: partnership::Model, there: &partnership::Model) -> partnership::Model {
        if there.version == 1 {
            return row;
        }
        partnership::Model {
            position: row.position,
            school_code: row.school_code,
            institution_code: row.institution_code,
            enterprise_code: row.enterprise_code,
            count: row.count,
            unit: row.unit,
            qualifier: row.qualifier,
            other_partner: row.other_partner,
            source: row.source,
            ..there.clone()
        }
    }
}
