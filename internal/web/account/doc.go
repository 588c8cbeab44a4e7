// Package account serves what a merchant's customers see of their purchases: the hosted account, and the
// status page of one order that an access link opens.
//
//	GET  /account/{env}                       the way in, or the orders of who is in
//	POST /account/{env}/code                  email: mails a code, whatever the address
//	POST /account/{env}/code/check            code
//	GET  /account/{env}/enter/{token}         an account_url; a script, or a button, sends it on
//	POST /account/{env}/enter                 token
//	GET  /account/{env}/orders                ?page
//	GET  /account/{env}/orders/{id}
//	POST /account/{env}/orders/{id}/pay       opens the order's checkout
//	POST /account/{env}/orders/{id}/receipt
//	GET  /account/{env}/orders/{id}/return    the form of a return
//	POST /account/{env}/orders/{id}/return    do: review, edit or send
//	GET  /account/{env}/returns/{id}
//	POST /account/{env}/returns/{id}/pay      opens the checkout of a difference
//	POST /account/{env}/returns/{id}/withdraw
//	GET  /account/{env}/invoices              ?page
//	GET  /account/{env}/invoices/{id}/pdf
//	POST /account/{env}/invoices/{id}/pay     opens the invoice's own checkout
//	GET  /account/{env}/cards
//	POST /account/{env}/cards                 leads to the page on which a card is typed
//	POST /account/{env}/cards/remove          id
//	POST /account/{env}/cards/default         id
//	GET  /account/{env}/addresses             ?edit
//	POST /account/{env}/addresses             id to change one, none for a new one
//	POST /account/{env}/addresses/delete      id
//	POST /account/{env}/addresses/default     id
//	GET  /account/{env}/details               profile, address of mails, what is mailed, deletion
//	POST /account/{env}/profile               name, phone
//	POST /account/{env}/preferences           checkout_reminders, shipping_updates
//	POST /account/{env}/email                 new_email: mails two codes
//	POST /account/{env}/email/confirm         id, new_code, current_code
//	POST /account/{env}/deletion
//	POST /account/{env}/sign-out
//	GET  /o/{token}                           an access link, and the page of the link it was traded for; ?return
//	POST /o/open                              token, return
//	POST /o/{id}/pay
//	POST /o/{id}/receipt
//	GET  /o/{id}/returns/{return}
//	POST /o/{id}/returns/{return}/pay
//
// {env} is the environment's id: every merchant environment has customers of its own. All of it works
// without JavaScript, and every form answers with a page or a 303.
//
// # Links
//
// The token of a link is traded for a cookie by a form, so that programs which only look at addresses use
// nothing up, and the address that stays in the browser carries no secret.
//
// # Forged requests
//
// Forms of other sites are refused by what browsers say about a request's origin, and forms of signed-in
// customers carry a token over their login in addition.
package account
