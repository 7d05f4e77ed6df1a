// The gateway's own errors: a page for people, JSON for programs, one sentence each.

import journal from 'journal.js';

const SENTENCES = {
    413: 'The upload is larger than 10 MB. Send a smaller file.',
    502: 'The model that should answer broke off. Try again in a moment.',
    503: 'No model is ready to answer yet. Try again in a moment.',
    504: 'The model took too long to answer. Try again in a moment.',
};

const TOO_MUCH_FEEDBACK = 'The feedback is larger than 1 MB. Send fewer records at a time.';
const NO_LAB = 'The lab does not answer at the moment, so nothing is confirmed. Send it again: the same feedback counts once.';
const NO_READING = 'The lab does not answer at the moment. Try again in a few seconds; its log says why.';

const FAILED = 'That did not work';
const OFF = 'This model is off';

// The style sheet and the icon, and nothing else: whatever stands in an address or a header, no browser runs it. No frame around the page.
const POLICY = {
    'Content-Security-Policy': "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'same-origin',
};

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text) {
    return text.replace(/[&<>"]/g, (character) => ESCAPES[character]);
}

function forPeople(r) {
    return /text\/html/.test(r.headersIn.Accept || '') || /\/result\/?$/.test(r.variables.lab_inner || '');
}

// /iris of /iris/svc: where another model may answer than the one that was asked for by name.
function routesPrefix(r) {
    return escaped((r.variables.lab_prefix || '').split('/').slice(0, 2).join('/'));
}

// The model that was asked for by name, which nobody replaces.
function named(r) {
    return r.variables.lab_reason === 'override' ? r.variables.lab_variant : '';
}

function body(r, sentence, title) {
    const id = r.variables.lab_request_id;
    if (!forPeople(r)) {
        return JSON.stringify({ detail: sentence, request_id: id }) + '\n';
    }
    // Not the files and the form of a model that may not answer.
    const files = routesPrefix(r);
    const prefix = named(r) ? files : escaped(r.variables.lab_prefix || '');
    return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title || FAILED} · A/B lab</title>
  <link rel="icon" href="${files}/static/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="${files}/static/styles.css">
</head>
<body>
  <header><a class="brand" href="${prefix}/interface/">A/B lab</a></header>
  <main>
    <section class="problem" role="alert">
      <h1>${title || FAILED}</h1>
      <p>${escaped(sentence)}</p>
      <p class="quiet">Request id <code>${id}</code></p>
    </section>
    ${title ? '' : `<p><a href="${prefix}/interface/">Back to the form</a></p>`}
  </main>
</body>
</html>
`;
}

function answer(r, status, sentence, title) {
    setHeaders(r);
    r.return(status, body(r, sentence, title));
}

function contentType(r) {
    return forPeople(r) ? 'text/html; charset=utf-8' : 'application/json';
}

// What to tell the visitor when every attempt failed. Nobody there (to NGINX: 502 without a byte) is not the same as breaking off.
function outcome(statuses, silent) {
    if (statuses.indexOf(504) >= 0) {
        return 504;
    }
    return statuses.indexOf(503) >= 0 || silent ? 503 : 502;
}

// What the last service that was asked says of a model that the lab is meant to run without; empty if it is none.
function off(r) {
    try {
        const why = JSON.parse(r.variables.upstream_http_x_lab_off || '""');
        return typeof why === 'string' ? why : '';
    } catch (e) {
        return '';
    }
}

// js_content: no variant answered.
function unanswered(r) {
    const why = off(r);
    if (why) {
        answer(r, 503, why, OFF);
        return;
    }
    const silent = /^[0 :,-]*$/.test(r.variables.upstream_bytes_received || '');
    const status = outcome(journal.tried(r.variables).map((attempt) => attempt.status), silent);
    if (status === 503) {
        r.headersOut['Retry-After'] = '2';
    }
    answer(r, status, status === 503 && named(r) ? `The model ${named(r)} does not answer now. Try again in a moment.` : SENTENCES[status]);
}

// js_content: there is no such variant.
function unknownVariant(r) {
    const route = r.variables.lab_route;
    const names = r.variables.lab_known.split(' ').filter((name) => name.split('.')[0] === route).map((name) => name.split('.')[1]);
    const asked = journal.harmless((r.headersIn['X-Variant'] || '').slice(0, 64)) || '';
    answer(r, 404, `The route ${route} has no variant '${asked}'. Its variants: ${names.join(', ')}.`);
}

// js_content: the gateway must not get traffic.
function notReady(r) {
    answer(r, 503, r.variables.lab_journal_trouble);
}

// js_content: the lab's own service is not there, or has too much to do.
function noLab(r) {
    r.headersOut['Retry-After'] = '2';
    answer(r, 503, r.variables.lab_place === 'lab' ? NO_READING : NO_LAB);
}

// js_set $lab_too_large and its content type: 413 must be answered without reading the upload, so not by js_content.
function tooLarge(r) {
    return body(r, SENTENCES[413]);
}

// js_set $lab_too_much_feedback
function tooMuchFeedback(r) {
    return body(r, TOO_MUCH_FEEDBACK);
}

// js_header_filter of what is answered without js_content.
function setHeaders(r) {
    r.headersOut['Content-Type'] = contentType(r);
    Object.keys(POLICY).forEach((name) => {
        r.headersOut[name] = POLICY[name];
    });
}

export default { unanswered, unknownVariant, notReady, noLab, tooLarge, tooMuchFeedback, setHeaders };
