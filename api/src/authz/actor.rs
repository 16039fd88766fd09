//! Who asks, and for whom: what is told of a caller by its role and its organisation alone.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::words::Duty;

use super::Role;

/// Who asks: made by the authentication middleware, by a command or by a job, and by nothing else.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The role of the token, or [`Role::Public`].
    pub role: Role,
    /// The code of the organisation, for the roles that have one.
    pub org: Option<String>,
    /// `account:<id>`, `client:<client_id>`, `job:<task>`, or `public`: stands in the journal.
    pub subject: String,
    /// What a person or a client is called on its own screen.
    pub name: String,
    /// Its part of its school's reporting.
    pub duty: Duty,
    /// When it asked; what is embargoed is judged by it.
    pub at: DateTime<Utc>,
}

impl Actor {
    /// A caller without a token.
    pub fn public() -> Self {
        Self {
            role: Role::Public,
            org: None,
            subject: "public".to_owned(),
            name: String::new(),
            duty: Duty::All,
            at: Utc::now(),
        }
    }

    /// The service itself, under the name of what it is doing.
    pub fn system(task: &str) -> Self {
        Self {
            role: Role::System,
            org: None,
            subject: format!("job:{task}"),
            name: task.to_owned(),
            duty: Duty::All,
            at: Utc::now(),
        }
    }

    /// A caller with a role and, where the role has one, an organisation.
    pub fn with(role: Role, org: Option<&str>, subject: impl Into<String>, name: impl Into<String>) -> Self {
        let (org, subject, name) = (org.map(str::to_owned), subject.into(), name.into());
        Self { role, org, subject, name, duty: Duty::All, at: Utc::now() }
    }

    /// The same caller with this part of its school's reporting.
    #[must_use]
    pub fn on(self, duty: Duty) -> Self {
        Self { duty, ..self }
    }

    /// The organisation's code; empty for the roles that have none, and no organisation has an empty code.
    pub fn org(&self) -> &str {
        self.org.as_deref().unwrap_or_default()
    }

    /// Whether an enterprise is this caller's to keep: a city's are those that are known to be in it.
    pub fn maintains_enterprise(&self, code: &str, city_code: Option<&str>) -> bool {
        match self.role {
            Role::Province | Role::System => true,
            Role::City => city_code == Some(self.org()),
            Role::Enterprise => self.org() == code,
            Role::Public | Role::Admin | Role::Auditor | Role::School | Role::Agency | Role::Analyst => false,
        }
    }

    /// Whether what a school teaches is this caller's to keep.
    pub fn maintains_programmes(&self, school_code: &str) -> bool {
        match self.role {
            Role::Province | Role::System => true,
            Role::School => self.org() == school_code,
            Role::Public
            | Role::Admin
            | Role::Auditor
            | Role::City
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => false,
        }
    }

    /// The local day (Asia/Shanghai) on which it asked.
    pub fn today(&self) -> NaiveDate {
        // Ahead of UTC by as much in every season.
        self.at.checked_add_signed(TimeDelta::hours(8)).unwrap_or(self.at).date_naive()
    }

    /// Whether figures of this school are within the caller's own scope: unpublished as well as protected.
    pub fn covers(&self, school_code: &str, city_code: &str) -> bool {
        match self.role {
            Role::Province => true,
            Role::City => self.org() == city_code,
            Role::School => self.org() == school_code,
            Role::System
            | Role::Public
            | Role::Admin
            | Role::Auditor
            | Role::Agency
            | Role::Enterprise
            | Role::Analyst => false,
        }
    }
}
