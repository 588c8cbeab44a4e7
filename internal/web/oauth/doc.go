// Package oauth is the pages on which a merchant's people decide about apps: consent to an install, the
// approval of a device, and the list of what is installed.
//
//	GET  /v1/oauth/authorize       sign in, choose a place, review
//	POST /v1/oauth/authorize       decision = approve | cancel; answers with 303 to the app
//	GET  /apps/place               the place that was chosen; leads back to the link
//	GET  /device                   asks for the code that a program shows
//	POST /device                   user_code: shows what is asked
//	POST /device/decide            user_code, place, decision = approve | deny
//	GET  /apps                     what is installed
//	GET  /apps/{id}                one install: what it may do, limits, where
//	POST /apps/{id}/pause, /resume, /limits
//	GET  /apps/{id}/review         what a new version asks for; POST accepts it
//	GET  /apps/{id}/remove         asks whether to remove; POST removes it
//	GET  /apps/{id}/places/{grant}/end  asks whether to end one environment; POST ends it
//	GET  /approvals                refunds that apps asked for
//	GET  /approvals/{id}           one of them; POST decision = approve | refuse
//	GET  /data-requests            what apps were asked about people's data
//	POST /data-requests/{id}       an own app's answer
//
// # What is decided on
//
// A consent form is bound to everything that was shown: the request's parameters, the place, and the
// version of the app. When one of them is another at the time of the answer, nothing is granted and the
// page is shown afresh.
//
// # Where an answer goes
//
// Only to a redirect URI that is proven to be the app's. Any error before that is explained here and
// leads nowhere. Nobody can grant an app more than their role holds (auth.RoleScopes).
package oauth
