use bellbird_base::Rng;

use super::config::AccountCredentials;
use crate::digest::{Algorithm, Challenge, Hash, Login, Session, Subject, strongest};
use crate::message::{Fields, HeaderName, Message, Method, Request};
use crate::status::StatusCode;

/// Challenges answered for one request: one, one more for a stale nonce, and one for a second realm on the way.
const ROUNDS: u8 = 3;

/// Answers challenges for one account, within bounds (docs/SIP.md, "Whom we tell that we know the password").
#[derive(Debug)]
pub(crate) struct Authenticator {
    login: Option<Login>,
    /// The only realm that is answered: configured, or the first one that the registrar named.
    realm: Option<String>,
    /// A realm that offered SHA-256 never gets MD5 again.
    weakest: Hash,
    /// What is open with whoever challenges by 401: a registrar, or a server that is the other end of the call.
    server: Option<Session>,
    /// What is open with whoever challenges by 407.
    proxy: Option<Session>,
}

/// Why a challenge is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// There is no password.
    NoLogin,
    /// It is not for us to answer: from elsewhere, another realm, too weak, or not understood.
    Untrusted,
    /// The last answer was right in form and not accepted.
    WrongPassword,
}

impl Authenticator {
    pub(crate) fn new(credentials: Option<AccountCredentials>) -> Self {
        let realm = credentials.as_ref().and_then(|credentials| credentials.realm.clone());
        let weakest = match &credentials {
            Some(credentials) if credentials.sha256_only => Hash::Sha256,
            _ => Hash::Md5,
        };
        let login = credentials
            .map(|credentials| Login::Password { username: credentials.username, secret: credentials.password });
        Self { login, realm, weakest, server: None, proxy: None }
    }

    /// The realm that MD5 is not answered for any more, if there is one.
    pub(crate) fn sha256_realm(&self) -> Option<&str> {
        self.realm.as_deref().filter(|_| self.weakest > Hash::Md5)
    }

    /// Adds credentials for the challenge that is open, so that the server need not ask each time.
    pub(crate) fn authorize(&mut self, request: &mut Request) {
        let registers = request.method == Method::Register;
        let (session, header) = match (&mut self.proxy, &mut self.server) {
            (Some(session), _) if !registers => (session, HeaderName::ProxyAuthorization),
            (_, Some(session)) => (session, HeaderName::Authorization),
            (_, None) => return,
        };
        if let Some(login) = &self.login {
            write_credentials(session, login, request, header);
        }
    }

    /// Answers a 401 or 407: changes the request's credentials, or says why not. `trusted`: it came from the account's
    /// own server. `answered`: how often this request was answered for before.
    pub(crate) fn answer(
        &mut self,
        refusal: &Message<'_>,
        request: &mut Request,
        trusted: bool,
        answered: u8,
        rng: &mut Rng,
    ) -> Result<(), Unanswered> {
        if self.login.is_none() {
            return Err(Unanswered::NoLogin);
        }
        if !trusted || answered >= ROUNDS {
            return Err(if trusted { Unanswered::WrongPassword } else { Unanswered::Untrusted });
        }
        let (challenges, header) = match refusal.status() {
            Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED) => {
                (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization)
            }
            _ => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
        };
        let allowed = |realm: &str, algorithm: Algorithm| {
            algorithm.hash >= self.weakest && self.realm.as_deref().is_none_or(|known| known == realm)
        };
        let challenge = strongest(refusal.challenges(challenges).flatten(), allowed).ok_or(Unanswered::Untrusted)?;
        if answered > 0 && request.headers.has(header) && !challenge.is_stale() {
            (self.server, self.proxy) = (None, None);
            return Err(Unanswered::WrongPassword);
        }
        let mut session = self.open(&challenge, rng)?;
        if let Some(login) = &self.login {
            write_credentials(&mut session, login, request, header);
        }
        *(if header == HeaderName::Authorization { &mut self.server } else { &mut self.proxy }) = Some(session);
        Ok(())
    }

    fn open(&mut self, challenge: &Challenge<'_>, rng: &mut Rng) -> Result<Session, Unanswered> {
        let session = Session::new(challenge, rng.token(16)).map_err(|_| Unanswered::Untrusted)?;
        if session.algorithm().hash > Hash::Md5 {
            self.weakest = Hash::Sha256;
        }
        self.realm.get_or_insert_with(|| session.realm().to_owned());
        Ok(session)
    }
}

fn write_credentials(session: &mut Session, login: &Login, request: &mut Request, header: HeaderName<'_>) {
    let uri = request.uri.without_headers();
    let subject = Subject { method: request.method.as_str(), uri: uri.as_str(), body: &request.body };
    if let Ok(value) = session.authorize(login, &subject) {
        request.headers.set(header, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Secret;
    use crate::uri::Uri;
    use bellbird_base::Seed;

    fn authenticator() -> Authenticator {
        Authenticator::new(Some(AccountCredentials {
            username: "alice".into(),
            password: Secret::new("secret"),
            realm: None,
            sha256_only: false,
        }))
    }

    fn refusal(challenges: &[&str]) -> String {
        let lines: String = challenges.iter().map(|line| format!("WWW-Authenticate: Digest {line}\r\n")).collect();
        format!(
            "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\n\
             To: <sip:a@a>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n{lines}\r\n"
        )
    }

    fn answer(
        authenticator: &mut Authenticator,
        refusal: &str,
        trusted: bool,
        round: u8,
    ) -> Result<String, Unanswered> {
        let mut request = Request::new(Method::Register, Uri::parse("sip:a").unwrap());
        if round > 0 {
            request.headers.push(HeaderName::Authorization, "Digest old");
        }
        let mut rng = Rng::new(&Seed::from_number(1));
        let message = Message::parse(refusal.as_bytes()).unwrap();
        authenticator.answer(&message, &mut request, trusted, round, &mut rng)?;
        Ok((&request.headers).text(HeaderName::Authorization).unwrap().to_owned())
    }

    const MD5: &str = r#"realm="r", nonce="n", algorithm=MD5, qop="auth""#;
    const SHA256: &str = r#"realm="r", nonce="n", algorithm=SHA-256, qop="auth""#;

    #[test]
    fn challenge_from_elsewhere_is_not_answered() {
        assert_eq!(answer(&mut authenticator(), &refusal(&[MD5]), false, 0), Err(Unanswered::Untrusted));
    }

    #[test]
    fn first_realm_is_kept_and_others_are_not_answered() {
        let mut authenticator = authenticator();
        assert!(answer(&mut authenticator, &refusal(&[MD5]), true, 0).is_ok());
        let other = refusal(&[r#"realm="elsewhere", nonce="n""#]);
        assert_eq!(answer(&mut authenticator, &other, true, 0), Err(Unanswered::Untrusted));
    }

    #[test]
    fn realm_that_offered_sha256_never_gets_md5_again() {
        let mut authenticator = authenticator();
        let first = answer(&mut authenticator, &refusal(&[MD5, SHA256]), true, 0).unwrap();
        assert!(first.contains("SHA-256"));
        assert_eq!(answer(&mut authenticator, &refusal(&[MD5]), true, 0), Err(Unanswered::Untrusted));
        assert_eq!(authenticator.sha256_realm(), authenticator.realm.as_deref());
        assert!(authenticator.sha256_realm().is_some());
    }

    #[test]
    fn second_challenge_means_wrong_password_unless_stale() {
        let mut authenticator = authenticator();
        assert!(answer(&mut authenticator, &refusal(&[MD5]), true, 0).is_ok());
        let stale = refusal(&[r#"realm="r", nonce="n2", stale=true"#]);
        assert!(answer(&mut authenticator, &stale, true, 1).is_ok());
        assert_eq!(answer(&mut authenticator, &refusal(&[MD5]), true, 1), Err(Unanswered::WrongPassword));
    }

    #[test]
    fn registrar_and_proxy_are_each_answered_with_their_own_nonce() {
        let mut authenticator = authenticator();
        answer(&mut authenticator, &refusal(&[MD5]), true, 0).unwrap();
        let proxy = refusal(&[r#"realm="r", nonce="other""#])
            .replace("401 Unauthorized", "407 x")
            .replace("WWW-Authenticate", "Proxy-Authenticate");
        let mut invite = Request::new(Method::Invite, Uri::parse("sip:b@a").unwrap());
        let mut rng = Rng::new(&Seed::from_number(1));
        authenticator.answer(&Message::parse(proxy.as_bytes()).unwrap(), &mut invite, true, 0, &mut rng).unwrap();
        assert!((&invite.headers).text(HeaderName::ProxyAuthorization).unwrap().contains("nonce=\"other\""));
        let mut register = Request::new(Method::Register, Uri::parse("sip:a").unwrap());
        authenticator.authorize(&mut register);
        assert!((&register.headers).text(HeaderName::Authorization).unwrap().contains("nonce=\"n\""));
        let mut bye = Request::new(Method::Bye, Uri::parse("sip:b@a").unwrap());
        authenticator.authorize(&mut bye);
        assert!(bye.headers.has(HeaderName::ProxyAuthorization) && !bye.headers.has(HeaderName::Authorization));
    }

    #[test]
    fn server_that_always_says_stale_is_not_answered_for_ever() {
        let mut authenticator = authenticator();
        let stale = refusal(&[r#"realm="r", nonce="n2", stale=true"#]);
        assert_eq!(answer(&mut authenticator, &stale, true, ROUNDS), Err(Unanswered::WrongPassword));
    }
}
