//! One order, from the account to the certificate: RFC 8555 section 7.4.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error as Acme, Identifier, NewAccount, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use tokio::sync::watch;

use super::client::Client;
use super::config::{Challenge, Plan, Proof};
use super::dns::{self, Deed};
use super::failure::{Code, Failed};
use crate::drivers::store::private;
use crate::drivers::tls::actor::now;
use crate::drivers::tls::pair::Pair;

/// The box's account at the authority, with its key.
const ACCOUNT: &str = "account.json";
/// The profile of certificates for addresses: Let's Encrypt signs those for six days only.
const SHORT: &str = "shortlived";
/// How long the authority may take to look at the proofs, and to sign.
const POLL: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(Duration::from_secs(180));

/// Tokens that the authority may ask for at port 80, each with its answer: as many as there are names, while an order runs.
pub(super) type Pending = watch::Sender<Vec<(String, String)>>;

/// Asks for a certificate. What was laid out to prove the names is taken away again.
///
/// # Errors
/// Why there is none, and until when the authority wants to be left alone, if it said so.
pub(super) async fn obtain(plan: &Plan, folder: &Path, pending: &Pending) -> Result<Pair, (Failed, Option<i64>)> {
    let client = Client::new(plan.trust.as_deref());
    let made = async {
        let account = account(plan, folder, &client).await?;
        let made = order(&account, plan, pending).await;
        if made.as_ref().is_err_and(|failed| failed.code == Code::Account) {
            let file = folder.join(ACCOUNT);
            on_disk(move || std::fs::remove_file(file)).await?;
        }
        made
    };
    made.await.map_err(|failed| (failed, client.rest()))
}

/// Work with files, away from the runtime's threads.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Failed> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Failed::new(Code::Disk, error))?;
    done.map_err(|error| Failed::new(Code::Disk, error))
}

/// The account at this authority: the one that is stored, or another one.
async fn account(plan: &Plan, folder: &Path, client: &Client) -> Result<Account, Failed> {
    let file: Arc<PathBuf> = Arc::new(folder.join(ACCOUNT));
    let read = file.clone();
    let stored = on_disk(move || private::read(&read)).await?;
    let stored = stored.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let stored = stored.filter(|stored| stored["directory"] == plan.directory.as_str());
    let builder = Account::builder_with_http(Box::new(client.clone()));
    if let Some(credentials) = stored.and_then(|stored| serde_json::from_value::<AccountCredentials>(stored).ok()) {
        return builder.from_credentials(credentials).await.map_err(|error| Failed::of(&error));
    }
    let contact = format!("mailto:{}", plan.contact);
    let contact = [contact.as_str()];
    let account = NewAccount {
        contact: if plan.contact.is_empty() { &[] } else { &contact },
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let made = builder.create(&account, plan.directory.clone(), None).await;
    let (account, credentials) = made.map_err(|error| Failed::of(&error))?;
    let text = serde_json::to_vec(&credentials).map_err(|error| Failed::new(Code::Disk, error))?;
    on_disk(move || private::write(&file, &text)).await?;
    tracing::info!("the box has an account at the certificate authority");
    Ok(account)
}

async fn order(account: &Account, plan: &Plan, pending: &Pending) -> Result<Pair, Failed> {
    let failed = |error: Acme| Failed::of(&error);
    let wanted = plan.wanted();
    let identifiers: Vec<Identifier> = wanted
        .hosts
        .iter()
        .map(|host| Identifier::Dns(host.clone()))
        .chain(wanted.addresses.iter().map(|address| Identifier::Ip(*address)))
        .collect();
    let mut asked = NewOrder::new(&identifiers);
    if !wanted.addresses.is_empty() && account.profiles().any(|profile| profile.name == SHORT) {
        asked = asked.profile(SHORT);
    }
    let mut order = account.new_order(&asked).await.map_err(failed)?;
    let mut laid = Vec::new();
    let proven = match lay_out(&mut order, plan, pending, &mut laid).await {
        Ok(()) => prove(&mut order, plan).await,
        Err(error) => Err(error),
    };
    pending.send_replace(Vec::new());
    if let Proof::Dns { provider, .. } = &plan.proof {
        for (host, proof) in laid {
            if let Err(failed) = dns::change(provider, Deed::Remove, &host, &proof).await {
                tracing::warn!(code = failed.code.name(), "a record that proved a name stays in the DNS");
            }
        }
    }
    proven?;
    let key = order.finalize().await.map_err(failed)?;
    let chain = order.poll_certificate(&POLL).await.map_err(failed)?;
    let pair = Pair::read(format!("{key}{chain}").as_bytes()).map_err(|reason| Failed::new(Code::Unusable, reason))?;
    match pair.says.names.hold(&wanted) && pair.says.until > now() {
        true => Ok(pair),
        false => Err(Code::Unusable.into()),
    }
}

/// Puts what proves each name where the authority looks for it. What was put into the DNS is in `laid` afterwards, also after a failure.
async fn lay_out(
    order: &mut Order,
    plan: &Plan,
    pending: &Pending,
    laid: &mut Vec<(String, String)>,
) -> Result<(), Failed> {
    let (_, kind) = plan.challenge();
    let mut all = order.authorizations();
    while let Some(authorization) = all.next().await {
        let mut authorization = authorization.map_err(|error| Failed::of(&error))?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            _ => return Err(Failed::new(Code::AuthorityFailed, "an authorization can't be used any more")),
        }
        let host = match authorization.identifier().identifier {
            Identifier::Dns(host) => host.clone(),
            _ => String::new(),
        };
        let challenge = authorization.challenge(kind.clone()).ok_or(Code::NotOffered)?;
        let proof = challenge.key_authorization();
        match &plan.proof {
            Proof::Http => {
                let answer = (challenge.token.clone(), proof.as_str().to_owned());
                pending.send_modify(|pending| pending.push(answer));
            }
            Proof::Dns { provider, .. } => {
                let proof = proof.dns_value();
                dns::change(provider, Deed::Add, &host, &proof).await?;
                laid.push((host, proof));
            }
        }
    }
    if let (Proof::Dns { wait, .. }, false) = (&plan.proof, laid.is_empty()) {
        tokio::time::sleep(*wait).await;
    }
    Ok(())
}

/// Has the authority look.
async fn prove(order: &mut Order, plan: &Plan) -> Result<(), Failed> {
    let (challenge, kind) = plan.challenge();
    let mut all = order.authorizations();
    while let Some(authorization) = all.next().await {
        let mut authorization = authorization.map_err(|error| Failed::of(&error))?;
        if authorization.status == AuthorizationStatus::Pending {
            let mut handle = authorization.challenge(kind.clone()).ok_or(Code::NotOffered)?;
            handle.set_ready().await.map_err(|error| match error {
                Acme::Api(problem) => Failed::proof(challenge, &problem),
                error => Failed::of(&error),
            })?;
        }
    }
    let failed = match order.poll_ready(&POLL).await {
        Ok(OrderStatus::Ready) => return Ok(()),
        Ok(_) => Failed::from(Code::AuthorityFailed),
        Err(error) => Failed::of(&error),
    };
    // The order says that a proof was not taken, the authorization says why.
    let mut all = order.authorizations();
    while let Some(Ok(mut authorization)) = all.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.as_ref()) {
            return Err(Failed::proof(challenge, problem));
        }
    }
    Err(failed)
}

impl Plan {
    fn challenge(&self) -> (Challenge, ChallengeType) {
        match self.proof {
            Proof::Http => (Challenge::Http, ChallengeType::Http01),
            Proof::Dns { .. } => (Challenge::Dns, ChallengeType::Dns01),
        }
    }
}
