use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::authorize::login_address;
use super::parameters::Parameters;
use super::request::AuthorizationRequest;
use super::{CLIENT_ID, Issuer, page};

/// `GET /logout`: ends the browser's session, then goes where Cognito would: to a registered `logout_uri`, or, with the
/// parameters of an authorization request, to the login page.
pub(super) async fn logout(
    State(issuer): State<Issuer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let mut response = issuer.after_logout(&parameters);
    if response.status() == StatusCode::FOUND
        && let Ok(cookie) = HeaderValue::from_str(&issuer.end_session(&headers))
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /signed-out`: where sign-out ends unless the client has a page of its own.
pub(super) async fn signed_out(State(issuer): State<Issuer>) -> Response {
    page::signed_out(&issuer.settings().lake_name)
}

impl Issuer {
    fn after_logout(&self, parameters: &Parameters) -> Response {
        if parameters.only("client_id") == Some(CLIENT_ID)
            && let Some(given) = parameters.only("logout_uri")
            && let Some(uri) = self.settings().logout_uris.iter().find(|registered| *registered == given)
        {
            return page::redirect(StatusCode::FOUND, uri);
        }
        if parameters.only("logout_uri").is_none()
            && let Ok(request) = AuthorizationRequest::read(parameters, self.settings())
        {
            return page::redirect(StatusCode::FOUND, &login_address(&request));
        }
        page::problem(
            StatusCode::BAD_REQUEST,
            "You have not been signed out here",
            "The address to go to after signing out is missing, or not registered with this lake.",
            "Close this window, and sign out from the program that you signed in to.",
        )
    }
}
