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
    /// What an entry of the registry is, for its history and its term.
    EntryKind {
        City = "city",
        School = "school",
        Enterprise = "enterprise",
        Institution = "institution",
        Consortium = "consortium",
        ConsortiumMember = "consortium_member",
        Designation = "designation",
        Alias = "alias",
        SchoolSuccession = "school_succession",
        Major = "major",
        Programme = "programme",
        IndustryChain = "industry_chain",
        MajorChain = "major_chain",
    }
    /// What an official says of two entries that look alike.
    DuplicateVerdict { Merged = "merged", Distinct = "distinct" }
    /// For which schools a major is.
    MajorLevel {
        Secondary = "secondary",
        HigherVocational = "higher_vocational",
        UndergraduateVocational = "undergraduate_vocational",
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
    /// Where a partnership stands.
    PartnershipState {
        /// Entered by one side, and not yet answered by the other.
        Proposed = "proposed",
        /// Confirmed by the other side, or recorded by the province.
        Active = "active",
        /// Over.
        Ended = "ended",
        /// The other side said no, with a reason.
        Refused = "refused",
        /// Taken back by whoever proposed it, before the answer.
        Withdrawn = "withdrawn",
    }
    /// Who entered a partnership.
    PartnershipSide { School = "school", Enterprise = "enterprise", Province = "province" }
    /// Where an application to join a consortium stands.
    ApplicationState { Pending = "pending", Accepted = "accepted", Refused = "refused", Withdrawn = "withdrawn" }
    /// Where the certification of an enterprise stands.
    EnterpriseCertificationState {
        Submitted = "submitted",
        Recommended = "recommended",
        Returned = "returned",
        Refused = "refused",
        Certified = "certified",
        Withdrawn = "withdrawn",
    }
    /// What a certified enterprise is given: money, relief from taxes and fees, land, or credit.
    IncentiveKind { Financial = "financial", Fiscal = "fiscal", Land = "land", Credit = "credit" }
    /// The three levels of dual-qualified teachers.
    TeacherLevel { Junior = "junior", Intermediate = "intermediate", Senior = "senior" }
    /// The schools of a teacher, as the printed tables part them: by level of schooling.
    TeacherCategory {
        UndergraduateVocational = "undergraduate_vocational",
        HigherVocational = "higher_vocational",
        SecondaryVocational = "secondary_vocational",
    }
    /// With whom the certification of a teacher lies, or what became of it.
    TeacherCertificationState {
        City = "city",
        Agency = "agency",
        Province = "province",
        Returned = "returned",
        Refused = "refused",
        Certified = "certified",
        Revoked = "revoked",
    }
    /// Whose step it is on the way of a teacher's certification.
    TeacherCertificationStep { City = "city", Agency = "agency", Province = "province" }
    /// What part of a school's reporting a person or a service has.
    Duty { All = "all", Fill = "fill", Sign = "sign" }
    /// What is sought or offered between schools and enterprises (供求类型).
    OpportunityKind {
        Talent = "talent",
        Cooperation = "cooperation",
        ResearchProject = "research_project",
        TechnicalService = "technical_service",
        PartTimeTeacher = "part_time_teacher",
        Internship = "internship",
        TeacherPlacement = "teacher_placement",
    }
    /// Whether it is offered or sought.
    OpportunitySide { Supply = "supply", Demand = "demand" }
    /// Where an opportunity stands.
    OpportunityState {
        Pending = "pending",
        Published = "published",
        Refused = "refused",
        Expired = "expired",
        Closed = "closed",
        Withdrawn = "withdrawn",
    }
    /// What has come of an opportunity.
    OpportunityOutcome { Met = "met", PartlyMet = "partly_met", Unmet = "unmet" }
    /// Where an interest in an opportunity stands.
    InterestState {
        Expressed = "expressed",
        Accepted = "accepted",
        Declined = "declined",
        Withdrawn = "withdrawn",
    }
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
