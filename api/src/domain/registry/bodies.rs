//! Bodies with a code: cities, schools, enterprises, institutions, consortia.

use entity::{
    city, consortium, enterprise, external_institution,
    ids::{ChainCode, CityCode, ConsortiumCode, EnterpriseCode, InstitutionCode, SchoolCode},
    school,
    words::{Affiliation, ConsortiumKind, ConsortiumScope, EntryKind, Ownership, SchoolCategory, SchoolTier},
};
use serde_json::{Value, json};

use super::{Entry, ask::Ask};
use crate::{
    authz::{Actor, Kind, Role},
    formats::document::sha256,
    memory::registry::Registry,
};

/// What an enterprise says about itself. Its name and its social credit code say who it is, and are others' to change.
const ABOUT_ITSELF: &[&str] = &["name_en", "industry", "website", "profile"];

/// How the city of a body is known.
const CITY_BASIS: &[&str] = &["name", "text"];

/// The letter and the first eight hexadecimal digits of the SHA-256 of the official name: the same for `load`, in
/// every order of a file, so that a file that comes later finds what is there.
pub(in crate::domain) fn code_of_name(letter: char, name: &str) -> String {
    let hash = sha256(name);
    format!("{letter}{}", hash.get(..8).unwrap_or(&hash).to_ascii_uppercase())
}

/// Behind everything that is there.
fn last(positions: impl Iterator<Item = i32>) -> i32 {
    positions.max().unwrap_or(0).saturating_add(1)
}

fn is_city(registry: &Registry, code: &str) -> bool {
    registry.cities.get(code).is_some()
}

/// Schools, enterprises and institutions share one register of official names.
fn bodies(registry: &Registry) -> Vec<(&str, &str)> {
    let schools = registry.schools.all().iter().map(|row| (row.code.as_str(), row.name.as_str()));
    let enterprises = registry.enterprises.all().iter().map(|row| (row.code.as_str(), row.name.as_str()));
    let institutions = registry.institutions.all().iter().map(|row| (row.code.as_str(), row.name.as_str()));
    schools.chain(enterprises).chain(institutions).collect()
}

/// The city of a body, and how it is known: one goes with the other.
fn place(ask: &mut Ask<'_>, old: Option<(Option<&CityCode>, Option<&str>)>) -> (Option<CityCode>, Option<String>) {
    let (city, basis) = old.unwrap_or_default();
    let city = ask.maybe_refer("city", city.map(CityCode::as_str), is_city);
    let basis = ask.one_of("city_basis", CITY_BASIS, basis, Some("text"));
    let basis = city.is_some().then_some(basis);
    (city.map(CityCode), basis)
}

impl Entry for city::Entity {
    const KIND: EntryKind = EntryKind::City;
    const RIGHT: Kind = Kind::Registry;

    fn code(row: &city::Model) -> String {
        row.code.0.clone()
    }

    fn listed(registry: &Registry) -> &[city::Model] {
        registry.cities.all()
    }

    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a city::Model> {
        registry.cities.get(code)
    }

    fn owners(_: &city::Model) -> Vec<&str> {
        Vec::new()
    }

    fn says(row: &city::Model) -> Value {
        json!({
            "code": row.code.as_str(), "name": row.name, "name_en": row.name_en, "kind": row.kind,
            "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&city::Model>) -> Option<city::Model> {
        let code = ask.text("code", old.map(|old| old.code.as_str()));
        ask.same("code", old.map(|old| old.code.as_str()), &code);
        ask.formed("code", &code, "620100 (GB/T 2260)", |code| {
            code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) && !code.ends_with("0000")
        });
        let name = ask.text("name", old.map(|old| old.name.as_str()));
        let all: Vec<(&str, &str)> =
            ask.registry.cities.all().iter().map(|row| (row.code.as_str(), row.name.as_str())).collect();
        ask.own_name(&name, old.map(|old| old.code.as_str()), &all);
        Some(city::Model {
            name_en: ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref())),
            kind: ask.one_of(
                "kind",
                &["city", "autonomous_prefecture"],
                old.map(|old| old.kind.as_str()),
                Some("city"),
            ),
            source: ask.blank("source", old.map(|old| old.source.as_str())),
            code: CityCode(code),
            name,
        })
    }
}

/// The next free number of a province: never one that any school ever had.
fn next_school(registry: &Registry, city: &str) -> String {
    let province = city.get(..2).unwrap_or_default();
    let now = registry.schools.all().iter().map(|row| row.code.as_str());
    let before = registry.successions.all().iter().map(|row| row.predecessor_code.as_str());
    let numbers = now.chain(before).filter_map(|code| code.strip_prefix(province)?.parse::<u32>().ok());
    format!("{province}{:03}", numbers.filter(|number| *number < 100_000).max().unwrap_or(0) + 1)
}

impl Entry for school::Entity {
    const KIND: EntryKind = EntryKind::School;
    const RIGHT: Kind = Kind::Registry;

    fn code(row: &school::Model) -> String {
        row.code.0.clone()
    }

    fn listed(registry: &Registry) -> &[school::Model] {
        registry.schools.all()
    }

    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a school::Model> {
        registry.schools.get(code)
    }

    fn owners(row: &school::Model) -> Vec<&str> {
        vec![row.city_code.as_str()]
    }

    fn says(row: &school::Model) -> Value {
        json!({
            "code": row.code.as_str(), "name": row.name, "name_en": row.name_en, "tier": row.tier.word(),
            "ownership": row.ownership.word(), "category": row.category.word(),
            "affiliation": row.affiliation.word(), "city": row.city_code.as_str(),
            "national_code": row.national_code, "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&school::Model>) -> Option<school::Model> {
        let own = old.map(|old| old.code.as_str());
        let city = ask.refer("city", old.map(|old| old.city_code.as_str()), is_city);
        let code = ask.maybe("code", own).unwrap_or_else(|| next_school(ask.registry, &city));
        ask.same("code", own, &code);
        ask.formed("code", &code, "62001", |code| {
            code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        let gone = |row: &entity::school_succession::Model| row.predecessor_code == code.as_str();
        if old.is_none() && ask.registry.successions.all().iter().any(gone) {
            ask.faults.taken(&code);
        }
        let name = ask.text("name", old.map(|old| old.name.as_str()));
        let all = bodies(ask.registry);
        ask.own_name(&name, own, &all);
        let name_en = ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref()));
        let tier = ask.word("tier", SchoolTier::ALL, SchoolTier::word, old.map(|old| old.tier), None);
        let ownership = ask.word("ownership", Ownership::ALL, Ownership::word, old.map(|old| old.ownership), None);
        let category =
            ask.word("category", SchoolCategory::ALL, SchoolCategory::word, old.map(|old| old.category), None);
        let usual = Some(Affiliation::City);
        let affiliation =
            ask.word("affiliation", Affiliation::ALL, Affiliation::word, old.map(|old| old.affiliation), usual);
        let national_code =
            ask.form("national_code", old.and_then(|old| old.national_code.as_deref()), "4162010838", |code| {
                code.len() == 10 && code.bytes().all(|byte| byte.is_ascii_digit())
            });
        let source = ask.blank("source", old.map(|old| old.source.as_str()));
        Some(school::Model {
            code: SchoolCode(code),
            name,
            name_en,
            tier: tier?,
            ownership: ownership?,
            category: category?,
            affiliation: affiliation?,
            city_code: CityCode(city),
            national_code,
            source,
        })
    }
}

impl Entry for enterprise::Entity {
    const KIND: EntryKind = EntryKind::Enterprise;
    const RIGHT: Kind = Kind::Enterprise;

    fn code(row: &enterprise::Model) -> String {
        row.code.0.clone()
    }

    fn listed(registry: &Registry) -> &[enterprise::Model] {
        registry.enterprises.all()
    }

    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a enterprise::Model> {
        registry.enterprises.get(code)
    }

    fn owners(row: &enterprise::Model) -> Vec<&str> {
        row.city_code.iter().map(CityCode::as_str).collect()
    }

    // Its certification is not said here: that is decided elsewhere, step by step.
    fn says(row: &enterprise::Model) -> Value {
        json!({
            "code": row.code.as_str(), "name": row.name, "name_en": row.name_en, "industry": row.industry,
            "city": row.city_code.as_ref().map(CityCode::as_str), "city_basis": row.city_basis, "uscc": row.uscc,
            "website": row.website, "profile": row.profile, "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&enterprise::Model>) -> Option<enterprise::Model> {
        let own = old.map(|old| old.code.as_str());
        let name = ask.text("name", old.map(|old| old.name.as_str()));
        let all = bodies(ask.registry);
        ask.own_name(&name, own, &all);
        let code = ask.maybe("code", own).unwrap_or_else(|| code_of_name('E', &name));
        ask.same("code", Some(own.unwrap_or(&code_of_name('E', &name))), &code);
        let (city_code, city_basis) = place(ask, old.map(|old| (old.city_code.as_ref(), old.city_basis.as_deref())));
        let uscc = ask.uscc("uscc", old.and_then(|old| old.uscc.as_deref()));
        let same = |row: &&enterprise::Model| row.uscc.is_some() && row.uscc == uscc && Some(row.code.as_str()) != own;
        if let Some(other) = ask.registry.enterprises.all().iter().find(same) {
            let text = (
                format!("{} 已登记此统一社会信用代码（{}）", other.code, other.name),
                format!("`{}` has this code ({}): it is the same enterprise", other.code, other.name),
            );
            ask.faults.add("uscc_taken", "/uscc", text, "", uscc.as_deref().unwrap_or_default());
        }
        Some(enterprise::Model {
            position: old.map_or_else(
                || last(ask.registry.enterprises.all().iter().map(|row| row.position)),
                |old| old.position,
            ),
            name_en: ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref())),
            industry: ask.maybe("industry", old.and_then(|old| old.industry.as_deref())),
            certification: old.and_then(|old| old.certification.clone()),
            city_code,
            city_basis,
            uscc,
            website: ask.link("website", old.and_then(|old| old.website.as_deref())),
            profile: ask.prose("profile", old.and_then(|old| old.profile.as_deref())),
            source: ask.blank("source", old.map(|old| old.source.as_str())),
            code: EnterpriseCode(code),
            name,
        })
    }

    fn is_kept_by(actor: &Actor, row: &enterprise::Model) -> bool {
        actor.maintains_enterprise(row.code.as_str(), row.city_code.as_ref().map(CityCode::as_str))
    }

    fn sayable(actor: &Actor) -> Option<&'static [&'static str]> {
        (actor.role == Role::Enterprise).then_some(ABOUT_ITSELF)
    }
}

impl Entry for external_institution::Entity {
    const KIND: EntryKind = EntryKind::Institution;
    const RIGHT: Kind = Kind::Registry;

    fn code(row: &external_institution::Model) -> String {
        row.code.0.clone()
    }

    fn listed(registry: &Registry) -> &[external_institution::Model] {
        registry.institutions.all()
    }

    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a external_institution::Model> {
        registry.institutions.get(code)
    }

    fn owners(row: &external_institution::Model) -> Vec<&str> {
        row.city_code.iter().map(CityCode::as_str).collect()
    }

    fn says(row: &external_institution::Model) -> Value {
        json!({
            "code": row.code.as_str(), "name": row.name, "name_en": row.name_en, "kind": row.kind,
            "city": row.city_code.as_ref().map(CityCode::as_str), "city_basis": row.city_basis, "source": row.source,
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&external_institution::Model>) -> Option<external_institution::Model> {
        let own = old.map(|old| old.code.as_str());
        let name = ask.text("name", old.map(|old| old.name.as_str()));
        let all = bodies(ask.registry);
        ask.own_name(&name, own, &all);
        let code = ask.maybe("code", own).unwrap_or_else(|| code_of_name('X', &name));
        ask.same("code", Some(own.unwrap_or(&code_of_name('X', &name))), &code);
        let (city_code, city_basis) = place(ask, old.map(|old| (old.city_code.as_ref(), old.city_basis.as_deref())));
        Some(external_institution::Model {
            position: old.map_or_else(
                || last(ask.registry.institutions.all().iter().map(|row| row.position)),
                |old| old.position,
            ),
            name_en: ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref())),
            kind: ask.text("kind", old.map(|old| old.kind.as_str())),
            city_code,
            city_basis,
            source: ask.blank("source", old.map(|old| old.source.as_str())),
            code: InstitutionCode(code),
            name,
        })
    }
}

impl Entry for consortium::Entity {
    const KIND: EntryKind = EntryKind::Consortium;
    const RIGHT: Kind = Kind::Registry;

    fn code(row: &consortium::Model) -> String {
        row.code.0.clone()
    }

    fn listed(registry: &Registry) -> &[consortium::Model] {
        registry.consortia.all()
    }

    fn held<'a>(registry: &'a Registry, code: &str) -> Option<&'a consortium::Model> {
        registry.consortia.get(code)
    }

    fn owners(_: &consortium::Model) -> Vec<&str> {
        Vec::new()
    }

    fn says(row: &consortium::Model) -> Value {
        json!({
            "code": row.code.as_str(), "name": row.name, "name_en": row.name_en, "kind": row.kind.word(),
            "scope": row.scope.word(), "founded_on": row.founded_on, "source": row.source,
            "chain": row.chain_code.as_ref().map(ChainCode::as_str),
        })
    }

    fn read(ask: &mut Ask<'_>, old: Option<&consortium::Model>) -> Option<consortium::Model> {
        let own = old.map(|old| old.code.as_str());
        let name = ask.text("name", old.map(|old| old.name.as_str()));
        let all: Vec<(&str, &str)> =
            ask.registry.consortia.all().iter().map(|row| (row.code.as_str(), row.name.as_str())).collect();
        ask.own_name(&name, own, &all);
        let code = ask.maybe("code", own).unwrap_or_else(|| code_of_name('C', &name));
        ask.same("code", Some(own.unwrap_or(&code_of_name('C', &name))), &code);
        let position =
            old.map_or_else(|| last(ask.registry.consortia.all().iter().map(|row| row.position)), |old| old.position);
        let name_en = ask.maybe("name_en", old.and_then(|old| old.name_en.as_deref()));
        let kind = ask.word("kind", ConsortiumKind::ALL, ConsortiumKind::word, old.map(|old| old.kind), None);
        let scope = ask.word("scope", ConsortiumScope::ALL, ConsortiumScope::word, old.map(|old| old.scope), None);
        let founded_on = ask.maybe("founded_on", old.and_then(|old| old.founded_on.as_deref()));
        let source = ask.blank("source", old.map(|old| old.source.as_str()));
        let chain = ask.maybe_refer(
            "chain",
            old.and_then(|old| old.chain_code.as_ref()).map(ChainCode::as_str),
            |registry, code| registry.chains.get(code).is_some(),
        );
        Some(consortium::Model {
            code: ConsortiumCode(code),
            position,
            name,
            name_en,
            kind: kind?,
            scope: scope?,
            founded_on,
            source,
            chain_code: chain.map(ChainCode),
        })
    }
}
