//! What ties bodies together and names them: memberships, titles, other names, successions of schools.

use std::collections::BTreeSet;

use entity::{
    alias, consortium_member, designation,
    ids::{ConsortiumCode, EnterpriseCode, InstitutionCode, RowId, SchoolCode},
    school_succession,
    words::{EntityType, EntryKind, MemberRole, SuccessionKind},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Entry, ask::Ask};
use crate::{
    authz::Kind,
    memory::registry::{Registry, Term},
};

/// How another name is known; `possible` is a suggestion.
const BASIS: &[&str] = &["stated", "short_form", "typographic", "inferred", "possible"];

fn is_school(registry: &Registry, code: &str) -> bool {
    registry.schools.get(code).is_some()
}

/// The id of a row, or of a new one: ids of new rows are in the order of their making.
pub(super) fn id(old: Option<RowId>) -> RowId {
    old.unwrap_or_else(|| RowId(Uuid::now_v7()))
}

fn next(positions: impl Iterator<Item = i32>) -> i32 {
    positions.max().unwrap_or(0).saturating_add(1)
}

impl Entry for consortium_member::Entity {
    const KIND: EntryKind = EntryKind::ConsortiumMember;
    const RIGHT: Kind = Kind::Registry;
    const ENDS_LATER: bool = false;

    fn code(row: &consortium_member::Model) -> String {
        row.id.to_string()
    }

    fn listed(registry: &Registry) -> &[consortium_member::Model] {
        registry.members.all()
    }

    fn ended(registry: &Registry) -> Option<&[consortium_member::Model]> {
        Some(registry.ended.members.all())
    }

    fn owners(row: &consortium_member::Model) -> Vec<&str> {
        vec![row.consortium_code.as_str(), member(row)]
    }

    fn term(_: &Registry, row: &consortium_member::Model) -> Term {
        Term { since: row.joined_on, until: row.left_on }
    }

    fn with_term(row: &consortium_member::Model, term: Term) -> Option<consortium_member::Model> {
        Some(consortium_member::Model { joined_on: term.since, left_on: term.until, ..row.clone() })
    }

    fn says(row: &consortium_member::Model) -> Value {
        json!({
            "id": row.id.to_string(), "consortium": row.consortium_code.as_str(), "member": member(row),
            "member_type": row.member_type, "role": row.role.word(), "name_as_printed": row.name_as_printed,
            "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&consortium_member::Model>) -> Option<consortium_member::Model> {
        let consortium = ask.owner("consortium", old.map(|old| old.consortium_code.as_str()), |registry, code| {
            registry.consortia.get(code).is_some()
        });
        let code = ask.owner("member", old.map(member), |registry, code| {
            is_school(registry, code)
                || registry.enterprises.get(code).is_some()
                || registry.institutions.get(code).is_some()
        });
        // What was merged is a member as what it was merged into.
        let registry = ask.registry;
        let consortium = registry.survivor(EntryKind::Consortium, &consortium).to_owned();
        let school = registry.schools.get(&code).map(|row| row.code.clone());
        let enterprise = registry.enterprises.get(&code).filter(|_| school.is_none()).map(|row| row.code.clone());
        let is_other = school.is_none() && enterprise.is_none();
        let institution = registry.institutions.get(&code).filter(|_| is_other);
        let usual = match (&school, &enterprise, institution) {
            (Some(_), _, _) => "school",
            (_, Some(_), _) => "enterprise",
            (_, _, Some(row)) => row.kind.as_str(),
            _ => "institution",
        };
        let member_type = ask.maybe("member_type", old.map(|old| old.member_type.as_str()));
        let role =
            ask.word("role", MemberRole::ALL, MemberRole::word, old.map(|old| old.role), Some(MemberRole::Member));
        let row = consortium_member::Model {
            id: id(old.map(|old| old.id)),
            position: old
                .map_or_else(|| next(registry.members.all().iter().map(|row| row.position)), |old| old.position),
            member_type: member_type.unwrap_or_else(|| usual.to_owned()),
            consortium_code: ConsortiumCode(consortium),
            school_code: school,
            enterprise_code: enterprise,
            institution_code: institution.map(|row| InstitutionCode(row.code.0.clone())),
            name_as_printed: ask.maybe("name_as_printed", old.and_then(|old| old.name_as_printed.as_deref())),
            joined_on: None,
            left_on: None,
            version: old.map_or(1, |old| old.version + 1),
            source: ask.blank("source", old.map(|old| old.source.as_str())),
            role: role?,
        };
        let same = |other: &&consortium_member::Model| {
            other.id != row.id && other.consortium_code == row.consortium_code && member(other) == member(&row)
        };
        if let Some(other) = registry.members.all().iter().find(same) {
            let text = (
                format!("已是该联合体成员（{}）：请修改该条", other.id),
                format!("It is a member already ({}): change that entry", other.id),
            );
            ask.faults.add("is_member", "/member", text, "", member(&row));
        }
        Some(row)
    }
}

/// The code of the member.
pub(super) fn member(row: &consortium_member::Model) -> &str {
    let school = row.school_code.as_ref().map(SchoolCode::as_str);
    let enterprise = row.enterprise_code.as_ref().map(EnterpriseCode::as_str);
    let institution = row.institution_code.as_ref().map(InstitutionCode::as_str);
    school.or(enterprise).or(institution).unwrap_or_default()
}

impl Entry for designation::Entity {
    const KIND: EntryKind = EntryKind::Designation;
    const RIGHT: Kind = Kind::Registry;

    fn code(row: &designation::Model) -> String {
        row.id.to_string()
    }

    fn listed(registry: &Registry) -> &[designation::Model] {
        registry.designations.all()
    }

    fn owners(row: &designation::Model) -> Vec<&str> {
        vec![row.school_code.as_str()]
    }

    fn says(row: &designation::Model) -> Value {
        json!({
            "id": row.id.to_string(), "school": row.school_code.as_str(), "name": row.name, "name_en": row.name_en,
            "level": row.level, "detail": row.detail, "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&designation::Model>) -> Option<designation::Model> {
        Some(designation::Model {
            id: id(old.map(|old| old.id)),
            school_code: SchoolCode(ask.owner("school", old.map(|old| old.school_code.as_str()), is_school)),
            position: old.map_or_else(
                || next(ask.registry.designations.all().iter().map(|row| row.position)),
                |old| old.position,
            ),
            name: ask.text("name", old.map(|old| old.name.as_str())),
            name_en: ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref())),
            level: ask.text("level", old.map(|old| old.level.as_str())),
            detail: ask.maybe("detail", old.and_then(|old| old.detail.as_deref())),
            source: ask.blank("source", old.map(|old| old.source.as_str())),
        })
    }
}

/// Whether there is a body of this kind with this code.
fn is_there(registry: &Registry, kind: EntityType, code: &str) -> bool {
    match kind {
        EntityType::School => registry.schools.get(code).is_some(),
        EntityType::Enterprise => registry.enterprises.get(code).is_some(),
        EntityType::Consortium => registry.consortia.get(code).is_some(),
        EntityType::Institution => registry.institutions.get(code).is_some(),
    }
}

impl Entry for alias::Entity {
    const KIND: EntryKind = EntryKind::Alias;
    const RIGHT: Kind = Kind::Registry;
    const ENDS_LATER: bool = false;

    fn code(row: &alias::Model) -> String {
        row.id.to_string()
    }

    fn listed(registry: &Registry) -> &[alias::Model] {
        registry.aliases.all()
    }

    fn ended(registry: &Registry) -> Option<&[alias::Model]> {
        Some(&registry.ended.aliases)
    }

    fn owners(row: &alias::Model) -> Vec<&str> {
        vec![row.entity_code.as_str()]
    }

    fn says(row: &alias::Model) -> Value {
        json!({
            "id": row.id.to_string(), "entity_type": row.entity_type.word(), "entity": row.entity_code,
            "alias": row.alias, "basis": row.basis, "note": row.note, "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&alias::Model>) -> Option<alias::Model> {
        let entity_type =
            ask.word("entity_type", EntityType::ALL, EntityType::word, old.map(|old| old.entity_type), None);
        let entity_code = ask.owner("entity", old.map(|old| old.entity_code.as_str()), |registry, code| {
            entity_type.is_none_or(|kind| is_there(registry, kind, code))
        });
        let name = ask.text("alias", old.map(|old| old.alias.as_str()));
        ask.same("alias", old.map(|old| old.alias.as_str()), &name);
        let basis = ask.one_of("basis", BASIS, old.map(|old| old.basis.as_str()), Some("stated"));
        let same = |row: &&alias::Model| {
            row.alias == name && old.is_none_or(|old| old.id != row.id) && row.entity_code != entity_code
        };
        // A printed name stands for one body; only suggestions may name several.
        if basis != "possible"
            && let Some(other) = ask.registry.aliases.all().iter().find(same)
        {
            let text = (
                format!("“{name}”已是 {} 的别名", other.entity_code),
                format!("`{name}` is another name of `{}`", other.entity_code),
            );
            ask.faults.add("name_taken", "/alias", text, "", name.as_str());
        }
        if let (Some(old), Some(kind)) = (old, entity_type) {
            ask.same("entity_type", Some(old.entity_type.word()), kind.word());
        }
        let (note, source) = (
            ask.maybe("note", old.and_then(|old| old.note.as_deref())),
            ask.blank("source", old.map(|old| old.source.as_str())),
        );
        Some(alias::Model {
            id: id(old.map(|old| old.id)),
            entity_type: entity_type?,
            entity_code,
            alias: name,
            basis,
            note,
            source,
        })
    }
}

impl Entry for school_succession::Entity {
    const KIND: EntryKind = EntryKind::SchoolSuccession;
    const RIGHT: Kind = Kind::Registry;
    const ENDS_LATER: bool = false;

    fn code(row: &school_succession::Model) -> String {
        row.id.to_string()
    }

    fn listed(registry: &Registry) -> &[school_succession::Model] {
        registry.successions.all()
    }

    fn ended(registry: &Registry) -> Option<&[school_succession::Model]> {
        Some(&registry.ended.successions)
    }

    fn owners(row: &school_succession::Model) -> Vec<&str> {
        vec![row.school_code.as_str(), row.predecessor_code.as_str()]
    }

    fn says(row: &school_succession::Model) -> Value {
        json!({
            "id": row.id.to_string(), "school": row.school_code.as_str(),
            "predecessor": row.predecessor_code.as_str(), "predecessor_name": row.predecessor_name,
            "kind": row.kind.word(), "happened_on": row.effective_on, "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&school_succession::Model>) -> Option<school_succession::Model> {
        let school = ask.owner("school", old.map(|old| old.school_code.as_str()), is_school);
        let before = ask.owner("predecessor", old.map(|old| old.predecessor_code.as_str()), |_, _| true);
        ask.formed("predecessor", &before, "62001", |code| {
            code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        if school == before || leads_back(ask.registry, &school, &before, old.map(|old| old.id)) {
            let text = ("学校不能是自己的前身", "No school comes after itself");
            ask.faults.add("cycle", "/predecessor", text, "", before.as_str());
        }
        let registry = ask.registry;
        let known = registry.schools.get(&before).map(|row| row.name.as_str());
        let name = ask.text("predecessor_name", old.map(|old| old.predecessor_name.as_str()).or(known));
        let kind = ask.word("kind", SuccessionKind::ALL, SuccessionKind::word, old.map(|old| old.kind), None);
        let day = ask.day("happened_on", old.and_then(|old| old.effective_on));
        if day.is_none() && old.is_none() {
            ask.faults.missing("/happened_on");
        }
        if let Some(day) = day
            && day > ask.today
        {
            let text = ("不能登记尚未发生的变更", "What has not come yet cannot be entered");
            ask.faults.add("future", "/happened_on", text, format!("≤ {}", ask.today), day.to_string());
        }
        let source = ask.blank("source", old.map(|old| old.source.as_str()));
        Some(school_succession::Model {
            id: id(old.map(|old| old.id)),
            school_code: SchoolCode(school),
            predecessor_code: SchoolCode(before),
            predecessor_name: name,
            kind: kind?,
            effective_on: day,
            source,
        })
    }
}

/// Whether a school is among those that went before its own predecessor.
fn leads_back(registry: &Registry, school: &str, predecessor: &str, own: Option<RowId>) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![predecessor]);
    while let Some(code) = next.pop() {
        if code == school {
            return true;
        }
        if seen.insert(code) {
            let before = registry.successions.of(code).filter(|row| Some(row.id) != own);
            next.extend(before.map(|row| row.predecessor_code.as_str()));
        }
    }
    false
}
