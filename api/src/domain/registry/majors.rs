//! The catalogue of majors, what schools teach, and which industry chains it serves.

use entity::{
    ids::{ChainCode, MajorCode, SchoolCode},
    industry_chain, major, major_chain, programme,
    words::{EntryKind, MajorLevel},
};
use serde_json::{Value, json};

use super::{Entry, ask::Ask, bodies::code_of_name, ties};
use crate::{
    authz::{Actor, Kind},
    memory::registry::{Registry, Term},
};

/// Whether this is written as the code of a major is.
pub(in crate::domain) fn is_major_code(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_major(registry: &Registry, code: &str) -> bool {
    registry.majors.get(code).is_some()
}

fn next(positions: impl Iterator<Item = i32>) -> i32 {
    positions.max().unwrap_or(0).saturating_add(1)
}

impl Entry for major::Entity {
    const KIND: EntryKind = EntryKind::Major;
    const RIGHT: Kind = Kind::Registry;

    fn code(row: &major::Model) -> String {
        row.code.0.clone()
    }

    fn listed(registry: &Registry) -> &[major::Model] {
        registry.majors.all()
    }

    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a major::Model> {
        registry.majors.get(code)
    }

    fn owners(_: &major::Model) -> Vec<&str> {
        Vec::new()
    }

    fn says(row: &major::Model) -> Value {
        json!({
            "code": row.code.as_str(), "name": row.name, "name_en": row.name_en, "category": row.category,
            "class": row.class, "level": row.level.word(), "edition": row.edition, "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&major::Model>) -> Option<major::Model> {
        let code = ask.text("code", old.map(|old| old.code.as_str()));
        ask.same("code", old.map(|old| old.code.as_str()), &code);
        ask.formed("code", &code, "460301", is_major_code);
        let position =
            old.map_or_else(|| next(ask.registry.majors.all().iter().map(|row| row.position)), |old| old.position);
        let name = ask.text("name", old.map(|old| old.name.as_str()));
        let name_en = ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref()));
        let category = ask.text("category", old.map(|old| old.category.as_str()));
        let class = ask.text("class", old.map(|old| old.class.as_str()));
        let level = ask.word("level", MajorLevel::ALL, MajorLevel::word, old.map(|old| old.level), None);
        let edition = ask.text("edition", old.map(|old| old.edition.as_str()));
        let source = ask.blank("source", old.map(|old| old.source.as_str()));
        Some(major::Model {
            code: MajorCode(code),
            position,
            name,
            name_en,
            category,
            class,
            level: level?,
            edition,
            source,
        })
    }
}

impl Entry for programme::Entity {
    const KIND: EntryKind = EntryKind::Programme;
    const RIGHT: Kind = Kind::Programme;

    fn code(row: &programme::Model) -> String {
        row.id.to_string()
    }

    fn listed(registry: &Registry) -> &[programme::Model] {
        registry.programmes.all()
    }

    fn owners(row: &programme::Model) -> Vec<&str> {
        vec![row.school_code.as_str(), row.major_code.as_str()]
    }

    fn term(_: &Registry, row: &programme::Model) -> Term {
        Term { since: row.since, until: row.until }
    }

    fn with_term(row: &programme::Model, term: Term) -> Option<programme::Model> {
        Some(programme::Model { since: term.since, until: term.until, ..row.clone() })
    }

    fn says(row: &programme::Model) -> Value {
        json!({
            "id": row.id.to_string(), "school": row.school_code.as_str(), "major": row.major_code.as_str(),
            "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&programme::Model>) -> Option<programme::Model> {
        let school = ask.owner("school", old.map(|old| old.school_code.as_str()), |registry, code| {
            registry.schools.get(code).is_some()
        });
        let major = ask.owner("major", old.map(|old| old.major_code.as_str()), is_major);
        let open = |row: &&programme::Model| {
            row.major_code == major.as_str() && row.until.is_none() && old.is_none_or(|old| old.id != row.id)
        };
        if let Some(other) = ask.registry.programmes.of(&school).filter(|_| old.is_none()).find(open) {
            let text = (
                format!("该校已开设此专业（{}）", other.id),
                format!("The school teaches this major already ({})", other.id),
            );
            ask.faults.add("is_taught", "/major", text, "", major.as_str());
        }
        Some(programme::Model {
            id: ties::id(old.map(|old| old.id)),
            position: old
                .map_or_else(|| next(ask.registry.programmes.all().iter().map(|row| row.position)), |old| old.position),
            school_code: SchoolCode(school),
            major_code: MajorCode(major),
            since: None,
            until: None,
            source: ask.blank("source", old.map(|old| old.source.as_str())),
        })
    }

    fn is_kept_by(actor: &Actor, row: &programme::Model) -> bool {
        actor.maintains_programmes(row.school_code.as_str())
    }
}

impl Entry for industry_chain::Entity {
    const KIND: EntryKind = EntryKind::IndustryChain;
    const RIGHT: Kind = Kind::Registry;

    fn code(row: &industry_chain::Model) -> String {
        row.code.0.clone()
    }

    fn listed(registry: &Registry) -> &[industry_chain::Model] {
        registry.chains.all()
    }

    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a industry_chain::Model> {
        registry.chains.get(code)
    }

    fn owners(_: &industry_chain::Model) -> Vec<&str> {
        Vec::new()
    }

    fn says(row: &industry_chain::Model) -> Value {
        json!({ "code": row.code.as_str(), "name": row.name, "name_en": row.name_en, "source": row.source })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&industry_chain::Model>) -> Option<industry_chain::Model> {
        let own = old.map(|old| old.code.as_str());
        let name = ask.text("name", old.map(|old| old.name.as_str()));
        let all: Vec<(&str, &str)> =
            ask.registry.chains.all().iter().map(|row| (row.code.as_str(), row.name.as_str())).collect();
        ask.own_name(&name, own, &all);
        let code = ask.maybe("code", own).unwrap_or_else(|| code_of_name('I', &name));
        ask.same("code", Some(own.unwrap_or(&code_of_name('I', &name))), &code);
        Some(industry_chain::Model {
            position: old
                .map_or_else(|| next(ask.registry.chains.all().iter().map(|row| row.position)), |old| old.position),
            name_en: ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref())),
            source: ask.blank("source", old.map(|old| old.source.as_str())),
            code: ChainCode(code),
            name,
        })
    }
}

impl Entry for major_chain::Entity {
    const KIND: EntryKind = EntryKind::MajorChain;
    const RIGHT: Kind = Kind::Registry;
    const ENDS_LATER: bool = false;

    fn code(row: &major_chain::Model) -> String {
        row.id.to_string()
    }

    fn listed(registry: &Registry) -> &[major_chain::Model] {
        registry.major_chains.all()
    }

    fn ended(registry: &Registry) -> Option<&[major_chain::Model]> {
        Some(&registry.ended.major_chains)
    }

    fn owners(row: &major_chain::Model) -> Vec<&str> {
        vec![row.major_code.as_str(), row.chain_code.as_str()]
    }

    fn says(row: &major_chain::Model) -> Value {
        json!({
            "id": row.id.to_string(), "major": row.major_code.as_str(), "chain": row.chain_code.as_str(),
            "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&major_chain::Model>) -> Option<major_chain::Model> {
        let major = ask.owner("major", old.map(|old| old.major_code.as_str()), is_major);
        let chain = ask.owner("chain", old.map(|old| old.chain_code.as_str()), |registry, code| {
            registry.chains.get(code).is_some()
        });
        let same =
            |row: &&major_chain::Model| row.chain_code == chain.as_str() && old.is_none_or(|old| old.id != row.id);
        if let Some(other) = ask.registry.major_chains.of(&major).find(same) {
            let text = (format!("两者已有关联（{}）", other.id), format!("The two are linked already ({})", other.id));
            ask.faults.add("is_linked", "/chain", text, "", chain.as_str());
        }
        Some(major_chain::Model {
            id: ties::id(old.map(|old| old.id)),
            position: old.map_or_else(
                || next(ask.registry.major_chains.all().iter().map(|row| row.position)),
                |old| old.position,
            ),
            major_code: MajorCode(major),
            chain_code: ChainCode(chain),
            source: ask.blank("source", old.map(|old| old.source.as_str())),
        })
    }
}
