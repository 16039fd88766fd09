//! People and service accounts, for administrators: the verbs of `/v1/accounts` and `/v1/clients`.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::ids::AccountId;
use uuid::Uuid;

use crate::{
    authz::Kind,
    ctx::Ctx,
    domain::{
        accounts::{self, Password},
        clients::{self, ClientSecret, Renewal},
        holders::{self, Wish},
        precondition::Match,
        second_factor,
    },
    error::{Error, Result},
    graphql::{
        self,
        error::{GqlResult, maybe, relocated},
        limits,
        paging::{self, Paging},
        types::{
            account::{Account, AccountConnection},
            client::{Client, ClientConnection},
            words::{Duty, Role},
        },
        upkeep::{of_input, text},
    },
};

/// People and service accounts.
#[derive(Default)]
pub struct PeopleQuery;

#[Object]
impl PeopleQuery {
    /// The people who sign in, in the order of their making; at most 200 a page. An administrator's alone.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn accounts(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<AccountConnection<'_>> {
        let ctx = graphql::ctx(cx);
        let ask = Paging { first, after, ..Paging::default() }.ask(holders::read_cursor)?;
        let page = accounts::list(ctx, &ask).await?;
        let enrolled = second_factor::enrolled(ctx, &page.items).await?;
        Ok(page
            .map(|row| {
                let has_factor = enrolled.contains(&row.id);
                Account::new(row, has_factor)
            })
            .into())
    }

    /// A person who signs in, by its id.
    async fn account(&self, cx: &Context<'_>, account_id: ID) -> GqlResult<Option<Account>> {
        let ctx = graphql::ctx(cx);
        let found = match id(ctx, &account_id) {
            Ok(id) => accounts::get(ctx, id).await,
            Err(fault) => Err(fault),
        };
        Ok(match maybe(found)? {
            Some(row) => Some(shown(ctx, row).await?),
            None => None,
        })
    }

    /// The service accounts, in the order of their making; at most 200 a page. An administrator's alone.
    #[graphql(complexity = "limits::times(paging::size(first, None), child_complexity)")]
    async fn clients(
        &self,
        cx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> GqlResult<ClientConnection<'_>> {
        let ask = Paging { first, after, ..Paging::default() }.ask(holders::read_cursor)?;
        Ok(clients::list(graphql::ctx(cx), &ask).await?.map(Client).into())
    }

    /// A service account, by the name it uses at the token endpoint.
    async fn client(&self, cx: &Context<'_>, client_id: String) -> GqlResult<Option<Client>> {
        Ok(maybe(clients::get(graphql::ctx(cx), &client_id).await)?.map(Client))
    }
}

/// What is no id is one that nothing has.
fn id(ctx: &Ctx, text: &str) -> Result<AccountId> {
    ctx.known(Kind::Account)?;
    Uuid::parse_str(text).map(AccountId).map_err(|_| Error::NotFound(Kind::Account))
}

async fn shown(ctx: &Ctx, row: entity::account::Model) -> Result<Account> {
    let has_factor = !second_factor::enrolled(ctx, std::slice::from_ref(&row)).await?.is_empty();
    Ok(Account::new(row, has_factor))
}

/// A new person.
#[derive(Clone, Debug, InputObject)]
pub struct AddAccountInput {
    /// 2 to 64 of `a-z0-9-`.
    username: String,
    /// What the console calls the person.
    display_name: String,
    /// The role.
    role: Role,
    /// The code of the organisation, for the roles that have one.
    org: Option<String>,
    /// Its part of its school's reporting; all of it where nothing is said.
    duty: Option<Duty>,
}

/// What is to be different about a person; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeAccountInput {
    /// Whom.
    account_id: ID,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What the console calls the person.
    display_name: Option<String>,
    /// The role; ADMIN and AUDITOR never become another one.
    role: Option<Role>,
    /// The organisation; `null` takes it away.
    org: MaybeUndefined<String>,
    /// Its part of its school's reporting.
    duty: Option<Duty>,
    /// Whether it may sign in.
    is_enabled: Option<bool>,
}

/// Another password for a person.
#[derive(Clone, Debug, InputObject)]
pub struct ResetAccountInput {
    /// Whose.
    account_id: ID,
    /// The second factor is removed, too.
    #[graphql(default)]
    second_factor: bool,
}

/// A new service account.
#[derive(Clone, Debug, InputObject)]
pub struct AddClientInput {
    /// 2 to 64 of `a-z0-9-`.
    client_id: String,
    /// What people call it.
    name: String,
    /// The role.
    role: Role,
    /// The code of the organisation, for the roles that have one.
    org: Option<String>,
    /// Its part of its school's reporting; all of it where nothing is said.
    duty: Option<Duty>,
}

/// What is to be different about a service account; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct ChangeClientInput {
    /// Which.
    client_id: String,
    /// Its `etag` as it was seen, or `*`. Required.
    if_match: Option<String>,
    /// What people call it.
    name: Option<String>,
    /// The role; ADMIN and AUDITOR never become another one.
    role: Option<Role>,
    /// The organisation; `null` takes it away.
    org: MaybeUndefined<String>,
    /// Its part of its school's reporting.
    duty: Option<Duty>,
    /// Whether it gets tokens.
    is_enabled: Option<bool>,
}

/// Another secret for a service account.
#[derive(Clone, Debug, InputObject)]
pub struct RotateClientInput {
    /// Whose.
    client_id: String,
    /// How many hours the old secret goes on beside the new one: up to 720. Without it the old one and all tokens
    /// that are out end at once.
    overlap_hours: Option<i64>,
    /// After how many days the new secret ends: up to 3,660. Without it, never.
    expires_days: Option<i64>,
}

/// What a person has become.
#[derive(SimpleObject)]
pub struct AccountPayload {
    /// The person.
    account: Account,
    /// The password of one that was added or reset, this once; it must be changed at the next sign-in.
    password: Option<String>,
}

/// What a service account has become.
#[derive(SimpleObject)]
pub struct ClientPayload {
    /// The service account.
    client: Client,
    /// The secret of one that was added or rotated, this once.
    client_secret: Option<String>,
}

impl AddAccountInput {
    /// Adds the person.
    pub async fn add(self, cx: &Context<'_>) -> GqlResult<AccountPayload> {
        let add = accounts::Add {
            username: self.username,
            display_name: self.display_name,
            role: self.role.into(),
            org: self.org,
            duty: self.duty.map_or(entity::words::Duty::All, entity::words::Duty::from),
            password: Password::Random,
        };
        let told = accounts::add(graphql::ctx(cx), add).await.map_err(|error| relocated(error, of_input))?;
        Ok(AccountPayload { account: Account::new(told.row, false), password: Some(told.password.expose().to_owned()) })
    }
}

impl ChangeAccountInput {
    /// Changes the person.
    pub async fn change(self, cx: &Context<'_>) -> GqlResult<AccountPayload> {
        let ctx = graphql::ctx(cx);
        let wish = Wish {
            name: self.display_name,
            role: self.role.map(entity::words::Role::from),
            org: text(self.org),
            duty: self.duty.map(entity::words::Duty::from),
            is_enabled: self.is_enabled,
        };
        let which = accounts::with_id(id(ctx, &self.account_id)?);
        let seen = self.if_match.as_deref().map(Match::read);
        let changed = accounts::change(ctx, which, wish, seen.as_ref()).await;
        let changed = changed.map_err(|error| relocated(error, of_input))?;
        Ok(AccountPayload { account: shown(ctx, changed).await?, password: None })
    }
}

impl ResetAccountInput {
    /// Gives the person another password.
    pub async fn reset(self, cx: &Context<'_>) -> GqlResult<AccountPayload> {
        let ctx = graphql::ctx(cx);
        let had = accounts::get(ctx, id(ctx, &self.account_id)?).await?;
        let has_factor = !second_factor::enrolled(ctx, std::slice::from_ref(&had)).await?.is_empty();
        let which = accounts::with_id(had.id);
        let told = accounts::reset_where(ctx, which, Password::Random, self.second_factor).await?;
        Ok(AccountPayload {
            account: Account::new(told.row, has_factor && !self.second_factor),
            password: Some(told.password.expose().to_owned()),
        })
    }
}

impl AddClientInput {
    /// Adds the service account.
    pub async fn add(self, cx: &Context<'_>) -> GqlResult<ClientPayload> {
        let add = clients::Add {
            client_id: self.client_id,
            name: self.name,
            role: self.role.into(),
            org: self.org,
            duty: self.duty.map_or(entity::words::Duty::All, entity::words::Duty::from),
            secret: ClientSecret::Random,
        };
        let told = clients::add(graphql::ctx(cx), add).await.map_err(|error| relocated(error, of_input))?;
        Ok(told.into())
    }
}

impl ChangeClientInput {
    /// Changes the service account.
    pub async fn change(self, cx: &Context<'_>) -> GqlResult<ClientPayload> {
        let wish = Wish {
            name: self.name,
            role: self.role.map(entity::words::Role::from),
            org: text(self.org),
            duty: self.duty.map(entity::words::Duty::from),
            is_enabled: self.is_enabled,
        };
        let seen = self.if_match.as_deref().map(Match::read);
        let changed = clients::change(graphql::ctx(cx), &self.client_id, wish, seen.as_ref()).await;
        let changed = changed.map_err(|error| relocated(error, of_input))?;
        Ok(ClientPayload { client: Client(changed), client_secret: None })
    }
}

impl RotateClientInput {
    /// Gives the service account another secret.
    pub async fn rotate(self, cx: &Context<'_>) -> GqlResult<ClientPayload> {
        let terms = Renewal::of(self.overlap_hours, self.expires_days);
        let told = clients::renew(graphql::ctx(cx), &self.client_id, terms).await;
        Ok(told.map_err(|error| relocated(error, of_input))?.into())
    }
}

impl From<clients::Told> for ClientPayload {
    fn from(told: clients::Told) -> Self {
        Self { client: Client(told.row), client_secret: Some(told.secret.expose().to_owned()) }
    }
}
