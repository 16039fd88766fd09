//! The upkeep of the registry: the inputs of its mutations, and what they answer.

use std::sync::Arc;

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use entity::words;
use serde_json::Value;

use crate::{
    domain::{
        precondition::Match,
        registry::{
            self, Entered, Said,
            duplicates::{self, Decide},
            merging,
        },
    },
    graphql::{
        self,
        error::{GqlResult, relocated},
        ids::{self, Id},
        scalars::Day,
        types::{
            city::City,
            consortium::Consortium,
            enterprise::Enterprise,
            institution::Institution,
            major::{IndustryChain, Major, MajorChain, Programme},
            membership::{ConsortiumMembership, Designation},
            school::{Predecessor, School},
            upkeep::Alias,
            words::{
                Affiliation, ConsortiumKind, ConsortiumScope, EntityType, EntryKind, MajorLevel, MemberRole, Ownership,
                SchoolCategory, SchoolTier, SuccessionKind,
            },
        },
        upkeep::of_input,
    },
    memory::registry::Registry,
};

/// A value of an input as REST says it.
trait Spoken {
    fn spoken(self) -> String;
}

impl Spoken for String {
    fn spoken(self) -> String {
        self
    }
}

impl Spoken for Day {
    fn spoken(self) -> String {
        self.0.to_string()
    }
}

macro_rules! spoken {
    ($($word:ident),* $(,)?) => {$(
        impl Spoken for $word {
            fn spoken(self) -> String { words::$word::from(self).word().to_owned() }
        }
    )*};
}

spoken!(
    Affiliation,
    ConsortiumKind,
    ConsortiumScope,
    EntityType,
    MajorLevel,
    MemberRole,
    Ownership,
    SchoolCategory,
    SchoolTier,
    SuccessionKind,
);

/// What is left out is not said, `null` takes it away.
fn say<T: Spoken>(said: &mut Said, member: &str, value: MaybeUndefined<T>) {
    match value {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => {
            said.insert(member.to_owned(), Value::Null);
        }
        MaybeUndefined::Value(value) => {
            said.insert(member.to_owned(), Value::String(value.spoken()));
        }
    }
}

/// The key of an entry: its code, or what its opaque id stands for.
fn key(id: &str) -> String {
    match ids::read(id) {
        Some(Id::One(_, key)) => key,
        _ => id.to_owned(),
    }
}

/// The two inputs, the answer and the two verbs of every kind of entries.
macro_rules! entries {
    ($(
        $entity:ident, $Type:ident as $field:ident by $key:ident;
        $(#[$add_doc:meta])* $add:ident $Add:ident;
        $(#[$change_doc:meta])* $change:ident $Change:ident;
        $Payload:ident;
        new { $($(#[$new_doc:meta])* $new:ident: $New:ident),* $(,)? }
        both { $($(#[$doc:meta])* $member:ident: $Member:ident),* $(,)? }
    )*) => {
        $(
            $(#[$add_doc])*
            #[derive(Clone, Debug, InputObject)]
            pub struct $Add {
                $($(#[$new_doc])* $new: MaybeUndefined<$New>,)*
                $($(#[$doc])* $member: MaybeUndefined<$Member>,)*
                /// Its first day, where that is known.
                since: MaybeUndefined<Day>,
                /// Its last day, where it has one.
                until: MaybeUndefined<Day>,
                /// Since which day it is so in the world; today unless said otherwise.
                effective_on: MaybeUndefined<Day>,
                /// Why; it stands in the history.
                reason: MaybeUndefined<String>,
            }

            impl From<$Add> for Said {
                fn from(input: $Add) -> Self {
                    let mut said = Self::new();
                    $(say(&mut said, stringify!($new), input.$new);)*
                    $(say(&mut said, stringify!($member), input.$member);)*
                    say(&mut said, "since", input.since);
                    say(&mut said, "until", input.until);
                    say(&mut said, "effective_on", input.effective_on);
                    say(&mut said, "reason", input.reason);
                    said
                }
            }

            $(#[$change_doc])*
            #[derive(Clone, Debug, InputObject)]
            pub struct $Change {
                /// Which one.
                $key: String,
                /// Its `etag` as it was seen, or `*`.
                if_match: Option<String>,
                $($(#[$doc])* $member: MaybeUndefined<$Member>,)*
                /// Its first day; `null` takes it away.
                since: MaybeUndefined<Day>,
                /// Its last day; `null` takes it away. Nothing is ever deleted.
                until: MaybeUndefined<Day>,
                /// Since which day it is so in the world; today unless said otherwise.
                effective_on: MaybeUndefined<Day>,
                /// Why; it stands in the history.
                reason: MaybeUndefined<String>,
            }

            impl From<$Change> for Said {
                fn from(input: $Change) -> Self {
                    let mut said = Self::new();
                    $(say(&mut said, stringify!($member), input.$member);)*
                    say(&mut said, "since", input.since);
                    say(&mut said, "until", input.until);
                    say(&mut said, "effective_on", input.effective_on);
                    say(&mut said, "reason", input.reason);
                    said
                }
            }

            /// An entry as a change has left it.
            pub struct $Payload {
                registry: Arc<Registry>,
                row: entity::$entity::Model,
            }

            impl From<Entered<entity::$entity::Model>> for $Payload {
                fn from(entered: Entered<entity::$entity::Model>) -> Self {
                    Self { registry: entered.registry, row: entered.row }
                }
            }

            /// What an entry of the registry has become.
            #[Object]
            impl $Payload {
                /// The entry as it now stands.
                async fn $field(&self) -> $Type<'_> {
                    $Type(&self.registry, &self.row)
                }
            }
        )*

        /// The upkeep of the registry.
        #[derive(Default)]
        pub struct RegistryChanges;

        /// The upkeep of the registry: the same verbs, checks and errors as REST.
        #[Object]
        impl RegistryChanges {
            $(
                $(#[$add_doc])*
                async fn $add(&self, cx: &Context<'_>, input: $Add) -> GqlResult<$Payload> {
                    let added = registry::add::<entity::$entity::Entity>(graphql::ctx(cx), input.into()).await;
                    Ok(added.map_err(|error| relocated(error, of_input))?.into())
                }

                $(#[$change_doc])*
                async fn $change(&self, cx: &Context<'_>, input: $Change) -> GqlResult<$Payload> {
                    let (code, seen) = (key(&input.$key), input.if_match.as_deref().map(Match::read));
                    let ctx = graphql::ctx(cx);
                    let changed =
                        registry::change::<entity::$entity::Entity>(ctx, &code, input.into(), seen.as_ref()).await;
                    Ok(changed.map_err(|error| relocated(error, of_input))?.into())
                }
            )*

            /// Merges two entries that are one: one is kept, the name of the other becomes another name of it, and
            /// everything moves to it. The code of the other leads to it from now on.
            async fn merge_duplicates(
                &self,
                cx: &Context<'_>,
                input: MergeDuplicatesInput,
            ) -> GqlResult<MergeDuplicatesPayload> {
                let decide = Decide {
                    kind: words::EntryKind::from(input.kind).word().to_owned(),
                    one: ("keep", input.keep),
                    other: ("merge", input.merge),
                    reason: input.reason,
                };
                let done = merging::merge(graphql::ctx(cx), decide).await;
                let done = done.map_err(|error| relocated(error, of_input))?;
                let moved = i32::try_from(done.moved).unwrap_or(i32::MAX);
                Ok(MergeDuplicatesPayload { kept: done.kept, gone: done.gone, moved })
            }

            /// Says that two entries are not the same: they are not proposed again.
            async fn distinguish_duplicates(
                &self,
                cx: &Context<'_>,
                input: DistinguishDuplicatesInput,
            ) -> GqlResult<DistinguishDuplicatesPayload> {
                let (one, other) = (input.one.clone(), input.other.clone());
                let decide = Decide {
                    kind: words::EntryKind::from(input.kind).word().to_owned(),
                    one: ("one", input.one),
                    other: ("other", input.other),
                    reason: input.reason,
                };
                let done = duplicates::distinguish(graphql::ctx(cx), decide).await;
                done.map_err(|error| relocated(error, of_input))?;
                Ok(DistinguishDuplicatesPayload { one, other })
            }
        }
    };
}

/// Two entries that are one.
#[derive(Clone, Debug, InputObject)]
pub struct MergeDuplicatesInput {
    /// `ENTERPRISE`, `INSTITUTION` or `CONSORTIUM`.
    kind: EntryKind,
    /// The code that is kept.
    keep: String,
    /// The code that goes.
    merge: String,
    /// Why.
    reason: Option<String>,
}

/// What a merge has done.
#[derive(Clone, Debug, async_graphql::SimpleObject)]
pub struct MergeDuplicatesPayload {
    /// The code that is kept.
    kept: String,
    /// The code that leads to it from now on.
    gone: String,
    /// How many memberships, partnerships, names, accounts, clients and webhooks have moved.
    moved: i32,
}

/// Two entries that are not one.
#[derive(Clone, Debug, InputObject)]
pub struct DistinguishDuplicatesInput {
    /// `ENTERPRISE`, `INSTITUTION` or `CONSORTIUM`.
    kind: EntryKind,
    /// The code of the one.
    one: String,
    /// The code of the other.
    other: String,
    /// Why.
    reason: Option<String>,
}

/// Which two are not proposed again.
#[derive(Clone, Debug, async_graphql::SimpleObject)]
pub struct DistinguishDuplicatesPayload {
    /// The code of the one.
    one: String,
    /// The code of the other.
    other: String,
}

entries! {
    city, City as city by code;
    /// Adds a city.
    add_city AddCityInput;
    /// Changes what is said of a city.
    change_city ChangeCityInput;
    CityPayload;
    new {
        /// GB/T 2260, as in `620100`; never changes.
        code: String,
    }
    both {
        /// The official Chinese name.
        name: String,
        /// In English.
        name_en: String,
        /// `city` or `autonomous_prefecture`.
        kind: String,
        /// Where it is printed.
        source: String,
    }

    school, School as school by code;
    /// Adds a school.
    add_school AddSchoolInput;
    /// Changes what is said of a school, or closes it. What became of it is a succession.
    change_school ChangeSchoolInput;
    SchoolPayload;
    new {
        /// The exchange's own code, as in `62001`; never changes. The next free number where nothing is said.
        code: String,
    }
    both {
        /// The official Chinese name.
        name: String,
        /// In English.
        name_en: String,
        /// `undergraduate_vocational`, `higher_vocational`, `junior_college` or `secondary_vocational`.
        tier: SchoolTier,
        /// `public` or `private`.
        ownership: Ownership,
        /// Its field, as in `science_engineering`.
        category: SchoolCategory,
        /// `city`, or `province` for those that no city reviews; `city` where nothing is said.
        affiliation: Affiliation,
        /// The code of its city.
        city: String,
        /// The ministry's ten digits.
        national_code: String,
        /// Where it is printed.
        source: String,
    }

    enterprise, Enterprise as enterprise by code;
    /// Adds an enterprise: the province any, a city one of its own.
    add_enterprise AddEnterpriseInput;
    /// Changes what is said of an enterprise, or ends it: the province any, a city its own, an enterprise its name in English, industry, website and profile.
    change_enterprise ChangeEnterpriseInput;
    EnterprisePayload;
    new {
    }
    both {
        /// The official Chinese name.
        name: String,
        /// In English.
        name_en: String,
        /// Its industry, in words.
        industry: String,
        /// The code of its city.
        city: String,
        /// How the city is known: `name`, which is not a seat, or `text`.
        city_basis: String,
        /// Unified social credit code, with its check digit (GB 32100).
        uscc: String,
        /// Its address on the web.
        website: String,
        /// What it says of itself; no personal data.
        profile: String,
        /// Where it is printed.
        source: String,
    }

    external_institution, Institution as institution by code;
    /// Adds such a body.
    add_institution AddInstitutionInput;
    /// Changes what is said of such a body.
    change_institution ChangeInstitutionInput;
    InstitutionPayload;
    new {
    }
    both {
        /// The official Chinese name.
        name: String,
        /// In English.
        name_en: String,
        /// What it is, as in `university`.
        kind: String,
        /// The code of its city.
        city: String,
        /// How the city is known: `name` or `text`.
        city_basis: String,
        /// Where it is printed.
        source: String,
    }

    consortium, Consortium as consortium by code;
    /// Adds a consortium.
    add_consortium AddConsortiumInput;
    /// Changes what is said of a consortium, or ends it.
    change_consortium ChangeConsortiumInput;
    ConsortiumPayload;
    new {
    }
    both {
        /// The official Chinese name.
        name: String,
        /// In English.
        name_en: String,
        /// `city_consortium`, `industry_community`, `vocational_group`, `alliance` or `cluster`.
        kind: ConsortiumKind,
        /// `national`, `provincial`, `regional` or `city`.
        scope: ConsortiumScope,
        /// When it was founded, as printed.
        founded_on: String,
        /// The code of the industry chain that it serves.
        chain: String,
        /// Where it is printed.
        source: String,
    }

    consortium_member, ConsortiumMembership as membership by id;
    /// Adds a member to a consortium.
    add_consortium_member AddConsortiumMemberInput;
    /// Changes a member's part in a consortium, or ends it.
    change_consortium_member ChangeConsortiumMemberInput;
    ConsortiumMemberPayload;
    new {
    }
    both {
        /// The code of the consortium; never changes.
        consortium: String,
        /// The code of the school, enterprise or institution; never changes.
        member: String,
        /// What the member is; follows from the member where nothing is said.
        member_type: String,
        /// `lead`, `co_lead`, `vice_chair` or `member`.
        role: MemberRole,
        /// The member's name as printed.
        name_as_printed: String,
        /// Where it is printed.
        source: String,
    }

    designation, Designation as designation by id;
    /// Adds a title of a school.
    add_designation AddDesignationInput;
    /// Changes a title of a school, or ends it.
    change_designation ChangeDesignationInput;
    DesignationPayload;
    new {
    }
    both {
        /// The code of the school; never changes.
        school: String,
        /// The title in Chinese.
        name: String,
        /// In English.
        name_en: String,
        /// `national` or `provincial`.
        level: String,
        /// The branch, base or project that holds it.
        detail: String,
        /// Where it is printed.
        source: String,
    }

    alias, Alias as alias by id;
    /// Adds another name.
    add_alias AddAliasInput;
    /// Changes what is said of another name, or ends it.
    change_alias ChangeAliasInput;
    AliasPayload;
    new {
    }
    both {
        /// `school`, `enterprise`, `consortium` or `institution`; never changes.
        entity_type: EntityType,
        /// The code of what the name stands for; never changes.
        entity: String,
        /// The other name; never changes.
        alias: String,
        /// `stated`, `short_form`, `typographic`, `inferred`, or `possible`: a suggestion.
        basis: String,
        /// A remark.
        note: String,
        /// Where it is printed.
        source: String,
    }

    school_succession, Predecessor as predecessor by id;
    /// Says what became of a school.
    add_school_succession AddSchoolSuccessionInput;
    /// Corrects what became of a school; one that was entered by mistake is ended.
    change_school_succession ChangeSchoolSuccessionInput;
    SchoolSuccessionPayload;
    new {
    }
    both {
        /// The code of the school that is there now; never changes.
        school: String,
        /// The code of the one before it; never changes.
        predecessor: String,
        /// The last name of the one before it; as in the registry where nothing is said.
        predecessor_name: String,
        /// `renamed`, `upgraded`, `merged` or `split`.
        kind: SuccessionKind,
        /// Since which day; series of figures are followed by it.
        happened_on: Day,
        /// Where it is printed.
        source: String,
    }

    major, Major as major by code;
    /// Adds a major.
    add_major AddMajorInput;
    /// Changes what is said of a major, or ends it.
    change_major ChangeMajorInput;
    MajorPayload;
    new {
        /// Six digits; never changes.
        code: String,
    }
    both {
        /// The official Chinese name.
        name: String,
        /// In English.
        name_en: String,
        /// 专业大类, by its name.
        category: String,
        /// 专业类, by its name.
        class: String,
        /// `secondary`, `higher_vocational` or `undergraduate_vocational`.
        level: MajorLevel,
        /// Of the catalogue, as in `2021`.
        edition: String,
        /// Where it is printed.
        source: String,
    }

    programme, Programme as programme by id;
    /// Says that a school teaches a major: the school itself, or the province.
    add_programme AddProgrammeInput;
    /// Says since when and until when a school teaches a major.
    change_programme ChangeProgrammeInput;
    ProgrammePayload;
    new {
    }
    both {
        /// The code of the school; never changes.
        school: String,
        /// The code of the major; never changes.
        major: String,
        /// Where it is printed.
        source: String,
    }

    industry_chain, IndustryChain as industry_chain by code;
    /// Adds an industry chain.
    add_industry_chain AddIndustryChainInput;
    /// Changes what is said of an industry chain, or ends it.
    change_industry_chain ChangeIndustryChainInput;
    IndustryChainPayload;
    new {
    }
    both {
        /// The official Chinese name.
        name: String,
        /// In English.
        name_en: String,
        /// Where it is printed.
        source: String,
    }

    major_chain, MajorChain as link by id;
    /// Says that a major serves an industry chain.
    add_major_chain AddMajorChainInput;
    /// Changes what is said of such a link, or ends it.
    change_major_chain ChangeMajorChainInput;
    MajorChainPayload;
    new {
    }
    both {
        /// The code of the major; never changes.
        major: String,
        /// The code of the industry chain; never changes.
        chain: String,
        /// Where it is printed.
        source: String,
    }
}
