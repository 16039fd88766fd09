//! The closed word lists of the tables, stored as the words of the reference files.

use sea_orm::prelude::*;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
        #[sea_orm(rs_type = "String", db_type = "String(StringLen::N(40))")]
        pub enum $name { $($(#[$vdoc])* #[sea_orm(string_value = $word)] $variant),* }

        impl $name {
            /// Every word of the list, in its own order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word as stored and as in the reference files.
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word),* } }

            /// The value for a word, if the list has it.
            pub fn of(word: &str) -> Option<Self> { match word { $($word => Some(Self::$variant),)* _ => None } }
        }
    )*};
}

words! {
    /// The level of a school (办学层次).
    SchoolTier {
        UndergraduateVocational = "undergraduate_vocational",
        HigherVocational = "higher_vocational",
        JuniorCollege = "junior_college",
        SecondaryVocational = "secondary_vocational",
    }
    /// Who runs a school (办学性质).
    Ownership { Public = "public", Private = "private" }
    /// The field of a school (院校类别).
    SchoolCategory {
        ScienceEngineering = "science_engineering",
        TeacherTraining = "teacher_training",
        PoliticalScienceLaw = "political_science_law",
        AgricultureForestry = "agriculture_forestry",
        FinanceEconomics = "finance_economics",
        Medical = "medical",
        Comprehensive = "comprehensive",
        Language = "language",
    }
    /// Whose school it is: the province's own schools skip the prefecture's review.
    Affiliation { City = "city", Province = "province" }
    /// What became of a school (更名、升格、合并、分立).
    SuccessionKind { Renamed = "renamed", Upgraded = "upgraded", Merged = "merged", Split = "split" }
    /// The five kinds of consortia.
    ConsortiumKind {
        CityConsortium = "city_consortium",
        IndustryCommunity = "industry_community",
        VocationalGroup = "vocational_group",
        Alliance = "alliance",
        Cluster = "cluster",
    }
    /// How far a consortium reaches.
    ConsortiumScope { National = "national", Provincial = "provincial", Regional = "regional", City = "city" }
    /// A member's part in a consortium.
    MemberRole { Lead = "lead", CoLead = "co_lead", ViceChair = "vice_chair", Member = "member" }
    /// What kind of body a printed name stands for.
    EntityType {
        School = "school",
        Enterprise = "enterprise",
        Consortium = "consortium",
        Institution = "institution",
    }
    /// What a period of a table is.
    PeriodKind { CalendarYear = "calendar_year", SchoolYear = "school_year" }
    /// How the figures of schools become one figure.
    Aggregation {
        Sum = "sum",
        Mean = "mean",
        Median = "median",
        WeightedMean = "weighted_mean",
    }
    /// Which side of its threshold is the good one.
    Better { Higher = "higher", Lower = "lower" }
    /// Who may see the figure of one school.
    Disclosure { Public = "public", Aggregate = "aggregate", Internal = "internal" }
    /// By what the schools of a dataset are parted where protected figures are told: one partition and no other.
    Partition { City = "city", Ownership = "ownership", Category = "category", Tier = "tier" }
    /// Where a submission stands.
    SubmissionState {
        Draft = "draft",
        Submitted = "submitted",
        Approved = "approved",
        Accepted = "accepted",
        Returned = "returned",
    }
    /// By which door a revision came in.
    Source { Rest = "rest", Graphql = "graphql", Bulk = "bulk" }
    /// Where a batch stands.
    BatchState { Receiving = "receiving", Running = "running", Done = "done", Failed = "failed" }
    /// What kind of file a batch is.
    BatchFormat { Csv = "csv", Ndjson = "ndjson", Xlsx = "xlsx" }
    /// What became of a table of a batch.
    BatchVerdict { Draft = "draft", Returned = "returned", Rejected = "rejected" }
    /// Why two printed figures contradict each other; `withdrawn` takes an earlier word back.
    ExplanationCause { Definition = "definition", Scope = "scope", Period = "period", Withdrawn = "withdrawn" }
    /// Who has set a task.
    TaskSetter { Province = "province", City = "city" }
    /// Where a task stands: not done yet, said to be done, or judged.
    TaskState { Open = "open", Reported = "reported", Fulfilled = "fulfilled", Missed = "missed" }
    /// What the level above says of a task; `returned` and `reopened` give it back.
    TaskVerdict { Fulfilled = "fulfilled", Missed = "missed", Returned = "returned", Reopened = "reopened" }
    /// How much a finding weighs.
    Severity { Error = "error", Warning = "warning", Info = "info" }
    /// What has become of a message to a webhook.
    DeliveryState { Pending = "pending", Delivered = "delivered", Failed = "failed" }
    /// What a new release changes, by semantic versioning.
    ReleaseKind { Major = "major", Minor = "minor", Patch = "patch" }
    /// What part of a school's reporting a person or a service has.
    Duty { All = "all", Fill = "fill", Sign = "sign" }
    /// The role of a person or a service.
    Role {
        Admin = "ADMIN",
        Auditor = "AUDITOR",
        Province = "PROVINCE",
        City = "CITY",
        School = "SCHOOL",
        Agency = "AGENCY",
        Enterprise = "ENTERPRISE",
        Analyst = "ANALYST",
    }
}
