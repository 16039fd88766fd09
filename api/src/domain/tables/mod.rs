//! Released figures as rows: what every file of an analyst is written from.
//!
//! A question is read once, with everything that is wrong with it; then rows come in blocks, so that a file of any
//! size takes the memory of one block. School-level figures pass `observations::told`, figures of groups are
//! `aggregates::each`: no figure has a second way out.

mod package;
mod question;
mod rows;
pub mod words;

pub use package::{DICTIONARY, Package, Resource, dictionary, package};
pub use question::{Question, Source};
pub use rows::Rows;

use crate::{
    authz::Role,
    ctx::Ctx,
    formats::{
        decimal::QUOTIENT_PLACES,
        document::sha256,
        table::{Field, Head},
    },
};

/// Goes up whenever the same figures become other bytes.
const EDITION: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

/// What kept copies of an answer are told apart by.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    /// SHA-256 of everything that the answer is made of; the answer itself need not be made for it.
    pub hash: String,
    /// Whether everybody is answered the same.
    pub is_public: bool,
}

impl Question {
    /// Whether everybody would be answered the same: no line is protected, or the caller is no official and no school.
    pub fn is_public(&self, ctx: &Ctx) -> bool {
        !matches!(ctx.actor.role, Role::Province | Role::City | Role::School | Role::System)
            || self.lines.iter().all(|code| {
                self.periods.iter().all(|period| {
                    let line = self.frame.line(code, period);
                    line.is_none_or(|line| line.disclosure() == entity::words::Disclosure::Public)
                })
            })
    }

    /// What the answer is told apart by, where it comes from a release; what is not published changes at any moment.
    pub fn fingerprint(&self, ctx: &Ctx) -> Option<Fingerprint> {
        let Source::Release(release) = &self.source else { return None };
        // What is still hidden is the province's alone.
        let is_public = self.is_public(ctx) && release.row.publish_at <= crate::db::now();
        let mut said = format!(
            "{EDITION}\n{}\n{} {} {}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?} {}\n",
            self.dataset,
            release.row.version,
            release.row.registry_hash,
            release.row.created_at,
            self.lines,
            self.schools,
            self.by,
            self.filter,
            self.labels,
            self.is_named,
        );
        if !is_public {
            said.push_str(&format!("{} {}\n", ctx.actor.role.name(), ctx.actor.org()));
        }
        for period in &self.periods {
            said.push_str(period);
            if let Some(head) = release.table(&self.dataset, period) {
                said.push_str(&format!(" {} {}", head.public_hash, head.protected_hash));
            }
            said.push('\n');
        }
        if self.labels.is_some() {
            // Names are those of now, not of the release.
            self.write_names(&ctx.memory.registry(), &mut said);
        }
        Some(Fingerprint { hash: sha256(said), is_public })
    }

    /// What a file says before its rows.
    pub fn head(&self, has_bom: bool) -> Head {
        let decimals = self
            .lines
            .iter()
            .filter_map(|code| self.frame.indicators.get(code))
            .filter_map(|line| u8::try_from(line.decimals).ok())
            .max()
            .unwrap_or(0);
        let mut fields = Vec::new();
        match &self.by {
            None => {
                fields.extend(["school", "dataset", "period", "indicator"].map(Field::text));
                fields.push(Field::number("value", 18, decimals));
                fields.push(Field::text("status"));
                if self.labels.is_some() {
                    fields.extend(["school_name", "indicator_name", "unit"].map(Field::text));
                }
            }
            Some(by) => {
                fields.extend(by.iter().map(|dimension| Field::text(words::dimension(*dimension))));
                fields.extend([Field::text("indicator"), Field::count("schools")]);
                // A quotient has places of its own.
                let places = decimals.max(u8::try_from(QUOTIENT_PLACES).unwrap_or(u8::MAX));
                let number = |name| Field::number(name, 38, places);
                fields.extend(["value", "sum", "mean", "median", "min", "max", "p25", "p75"].map(number));
                fields.extend([Field::count("expected"), Field::text("status"), Field::text("period")]);
                if self.labels.is_some() {
                    fields.extend(by.iter().map(|dimension| Field::text(words::dimension_name(*dimension))));
                    fields.extend(["indicator_name", "unit"].map(Field::text));
                }
            }
        }
        let release = self.source.name();
        let created_at = match &self.source {
            Source::Release(release) => release.row.created_at,
            Source::Unpublished(_) => crate::db::now(),
        };
        let facts = vec![("dataset", self.dataset.clone()), ("release", release.to_owned())];
        Head { name: format!("{} {release}", self.dataset), fields, facts, created_at, has_bom }
    }
}
