//! One newtype an identifier, so that a city's code cannot be handed in where a school's is asked for.
//!
//! The registry and the catalogue are keyed by their published codes, which are
//! stable and never reused; what has no code of its own is keyed by a UUIDv7,
//! whose order is the order of creation.

use sea_orm::{DbErr, TryFromU64, prelude::*};

macro_rules! code {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        pub struct $name(pub String);

        impl $name {
            /// The code as printed.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) }
        }
        impl From<&str> for $name {
            fn from(code: &str) -> Self { Self(code.to_owned()) }
        }
        impl From<String> for $name {
            fn from(code: String) -> Self { Self(code) }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str { &self.0 }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool { self.0 == other }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool { self.0 == *other }
        }
        // Asked of every primary key by the ORM; a code has no such form.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> { Err(DbErr::ConvertFromU64(stringify!($name))) }
        }
    )*};
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
        // Asked of every primary key by the ORM; a UUID has no such form.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> { Err(DbErr::ConvertFromU64(stringify!($name))) }
        }
    )*};
}

code! {
    /// A prefecture-level division (市州) by its GB/T 2260 code.
    CityCode,
    /// A school by the exchange's own code.
    SchoolCode,
    /// An enterprise by the exchange's own code.
    EnterpriseCode,
    /// A body that is neither a school of the province nor an enterprise.
    InstitutionCode,
    /// An agency that evaluates teachers, by the province's own code.
    AgencyCode,
    /// A batch of the certification of enterprises, for example `2026-1`.
    CertificationBatchCode,
    /// A consortium by the exchange's own code.
    ConsortiumCode,
    /// A major (专业) by its six digits.
    MajorCode,
    /// An industry chain (产业链) by the exchange's own code.
    ChainCode,
    /// A statutory table (报表), for example `scale`.
    DatasetCode,
    /// A line of a table (指标), for example `scale.students`.
    IndicatorCode,
    /// A statistical period (统计期): `2023` or `2022-2023`.
    PeriodCode,
    /// A validation rule (校验规则), for example `scale.cohort`.
    RuleCode,
    /// A published figure (公布数).
    ClaimKey,
    /// The version of a release, for example `1.2.0`.
    ReleaseVersion,
    /// What failed sign-ins are counted under: SHA-256 in hexadecimal.
    LockoutKey,
}

id! {
    /// A request that read what is not published.
    AccessId,
    /// A person who signs in.
    AccountId,
    /// A service account.
    ClientId,
    /// A batch.
    BatchId,
    /// A sign-in and all tokens that come of it.
    FamilyId,
    /// A message to a webhook.
    DeliveryId,
    /// An interest in an opportunity.
    InterestId,
    /// A row of the journal.
    JournalId,
    /// What a school or an enterprise seeks or offers.
    OpportunityId,
    /// A reconciliation of claims.
    ReconciliationId,
    /// A row that has no name of its own.
    RowId,
    /// Where an organisation wants to hear of events.
    WebhookId,
}
