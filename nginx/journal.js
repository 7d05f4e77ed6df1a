// What is remembered of a prediction: one JSON line for the journal, one readable line for the terminal.

import fs from 'fs';
import split from 'split.js';

// Longest text of a client or a service that is kept, in characters.
const TEXT_MAX = 512;

const isText = (value) => typeof value === 'string' && value.length <= TEXT_MAX;
const isNumber = (value) => typeof value === 'number' && isFinite(value);
const isBoolean = (value) => typeof value === 'boolean';
const isProbability = (value) => isNumber(value) && value >= 0 && value <= 1.00001;
const isMicroseconds = (value) => isNumber(value) && value >= 0 && value === Math.floor(value);
const isNumbers = (value) => Array.isArray(value) && value.every(isNumber);

// Milliseconds for which a successful probe of the journal counts: nobody from outside can make the disk busy by asking.
const FRESH_MS = 1000;

// Larger than any block of a file system.
const PROBE = 'the journal can be written\n'.repeat(4096);

// What a service may say of its prediction; anything else counts as unsaid.
const TOLD = {
    model: isText, artifact: isText, stand_in: isBoolean, label: isText, probability: isProbability, outlier: isBoolean,
    outlier_score: isNumber, input: isText, features: isNumbers, queue_us: isMicroseconds, inference_us: isMicroseconds,
};

const FIELDS = [
    'time', 'request_id', 'client_request_id', 'route', 'experiment', 'epoch', 'table', 'variant', 'weight', 'reason', 'served_by', 'rescued',
    'visitor', 'method', 'path', 'status', 'complete', 'attempts', 'request_s', 'bytes',
].concat(Object.keys(TOLD).sort());

// Printable ASCII only: what strangers send must not break a line, a terminal or a parser.
function harmless(text) {
    const kept = text ? text.slice(0, TEXT_MAX) : null;
    return kept === null || split.isPrintable(kept) ? kept : kept.replace(/[^ -~]/g, '?');
}

// `unix:/run/custom.sock` → `custom`
function variantAt(address) {
    const file = address.split('/').pop();
    return file.slice(-5) === '.sock' ? file.slice(0, -5) : file;
}

// NGINX separates the servers it tried by ", " and, after an internal redirect, by " : ".
function parts(text) {
    return (text || '').split(' : ').join(', ').split(', ').filter((part) => part !== '');
}

function attempts(addresses, statuses, times) {
    const status = parts(statuses);
    const seconds = parts(times);
    const tries = parts(addresses).map((address, i) => ({
        address,
        variant: variantAt(address),
        status: Number(status[i]) || null,
        seconds: seconds[i] === undefined || seconds[i] === '-' ? null : Number(seconds[i]),
    }));
    // Where nobody was asked, because too many wait already, NGINX names the upstream, which has no address.
    const asked = tries.filter((attempt) => attempt.address.indexOf(':') >= 0);
    return asked.map((attempt) => ({ variant: attempt.variant, status: attempt.status, seconds: attempt.seconds }));
}

function tried(variables) {
    return attempts(variables.upstream_addr, variables.upstream_status, variables.upstream_response_time);
}

// The variant whose answer goes out: the last one asked, unless the gateway had to answer for it.
function answeredBy(tries) {
    const last = tries[tries.length - 1];
    return last && last.status !== null && (last.status < 502 || last.status > 504) ? last.variant : null;
}

// js_set $lab_served_by
function servedBy(r) {
    return answeredBy(tried(r.variables)) || '';
}

// What the model said, from the header that its service sent; nothing that the schema does not allow gets through.
function told(header) {
    let said = {};
    try {
        said = JSON.parse(header || '{}') || {};
    } catch (e) {
        said = {};
    }
    const kept = {};
    Object.keys(TOLD).forEach((name) => {
        kept[name] = TOLD[name](said[name]) ? said[name] : null;
    });
    // Sums of float32 may end a hair above one.
    kept.probability = kept.probability === null ? null : Math.min(kept.probability, 1);
    return kept;
}

// The answer of the last attempt arrived whole: a model that dies half-way has already sent a 200. Where the gateway answers
// for the models, its own answer is whole; what is declared then is what the model would have said.
function whole(variables, answered) {
    if (answered === null) {
        return true;
    }
    const declared = variables.upstream_http_content_length;
    const received = parts(variables.upstream_response_length).pop();
    return !declared || declared === received;
}

// Two logs want the same line; whatever else this context served before has another request id.
const made = { id: '', said: null };

function once(r) {
    if (made.id !== r.variables.lab_request_id) {
        made.id = r.variables.lab_request_id;
        made.said = visitorsLine(r);
    }
    return made.said;
}

// What every line has, and in `about` what a visitor's and a shadow's line take from different places.
function lineOf(r, tries, about) {
    const variables = r.variables;
    const facts = {
        time: new Date(Number(variables.msec) * 1000).toISOString(),
        served_by: answeredBy(tries),
        method: harmless(variables.request_method),
        attempts: tries,
    };
    return Object.assign(facts, about, told(variables.upstream_http_x_lab_prediction));
}

function visitorsLine(r) {
    const variables = r.variables;
    const tries = tried(variables);
    const answered = answeredBy(tries);
    return lineOf(r, tries, {
        request_id: variables.lab_request_id,
        client_request_id: harmless(r.headersIn['X-Request-ID']),
        route: variables.lab_route,
        experiment: variables.lab_experiment || null,
        epoch: Number(variables.lab_epoch) || 0,
        table: variables.lab_table || null,
        variant: variables.lab_variant || null,
        weight: variables.lab_weight ? Number(variables.lab_weight) : null,
        reason: variables.lab_reason || null,
        rescued: Boolean(answered && variables.lab_variant && answered !== variables.lab_variant),
        visitor: variables.lab_visitor || null,
        path: harmless((variables.request_uri || '').split('?')[0]),
        status: Number(variables.status),
        complete: whole(variables, answered),
        request_s: Number(variables.request_time),
        bytes: Number(variables.body_bytes_sent),
    });
}

// A shadow's answer, which no visitor saw. What the relay knows of the visitor's request came in headers.
function shadowsLine(r) {
    const variables = r.variables;
    const tries = tried(variables);
    return lineOf(r, tries, {
        request_id: variables.http_x_request_id,
        client_request_id: harmless(variables.http_x_lab_client_request_id),
        route: variables.http_x_lab_route,
        experiment: variables.http_x_lab_experiment || null,
        epoch: Number(variables.http_x_lab_epoch) || 0,
        table: variables.http_x_lab_table || null,
        variant: variables.http_x_lab_shadow,
        weight: Number(variables.http_x_lab_weight),
        reason: 'shadow',
        rescued: false,
        visitor: variables.http_x_lab_visitor || null,
        path: harmless(variables.http_x_lab_path),
        // 503 for a copy that was dropped because too many waited already.
        status: tries.length ? tries[tries.length - 1].status || 502 : 503,
        // NGINX reads no more of an answer to a copy than its headers.
        complete: answeredBy(tries) !== null,
        request_s: Number(parts(variables.upstream_response_time).pop()) || 0,
        bytes: 0,
    });
}

// JSON in the order of FIELDS: older njs orders an object's keys as it likes, and people read these lines too.
function inOrder(said) {
    return `{${FIELDS.map((name) => `"${name}":${JSON.stringify(said[name])}`).join(',')}}`;
}

// js_set $lab_journal_line
function journalLine(r) {
    return inOrder(once(r));
}

// js_set $lab_readable_line
function readableLine(r) {
    return readable(once(r));
}

// js_set $lab_shadow_line
function shadowLine(r) {
    return inOrder(shadowsLine(r));
}

function readable(said) {
    const answer = said.label === null || said.probability === null ? 'no prediction' : `${harmless(said.label)} ${said.probability.toFixed(4)}`;
    const failed = said.attempts.filter((attempt) => attempt.status !== null && attempt.status > 499);
    const trouble = said.rescued && failed.length ? ` (${said.variant} failed with ${failed[0].status}, ${said.served_by} answered)` : '';
    const why = said.reason ? ` [${said.reason}]` : '';
    return `${said.time} ${said.route} ${said.variant || '-'}${why}: ${answer}, status ${said.status}, ` +
        `${said.request_s.toFixed(3)} s, request ${said.request_id}${trouble}`;
}

// js_set $lab_hour: 2026-11-20T19, the segment that a line belongs to.
function hour(r) {
    return new Date(Number(r.variables.msec) * 1000).toISOString().slice(0, 13);
}

// js_set $lab_journal_trouble: empty when the journal takes lines. Writing is the only honest test: a full disk and a
// read-only one look fine until then. The last probe stays until the new one is written, so that a full disk cannot
// take back the room of the old one. Whoever asks within the next second gets the same answer.
function trouble(r) {
    const folder = r.variables.lab_journal;
    if (isFresh(`${folder}/.writable`)) {
        return '';
    }
    // A name of its own: the workers are asked side by side.
    const probe = `${folder}/.writable.${process.pid}`;
    try {
        fs.writeFileSync(probe, PROBE);
        fs.renameSync(probe, `${folder}/.writable`);
        fs.appendFileSync(`${folder}/predictions-${hour(r)}.jsonl`, '');
        return '';
    } catch (e) {
        r.error(`the prediction journal in ${folder} cannot be written: ${e.message}`);
        remove(probe);
        return 'The prediction journal cannot be written, so predictions would go unlogged. The error log of the gateway says why.';
    }
}

function isFresh(file) {
    try {
        const found = fs.statSync(file, { throwIfNoEntry: false });
        return found !== undefined && Date.now() - found.mtime.getTime() < FRESH_MS;
    } catch (e) {
        // There is no such folder.
        return false;
    }
}

function remove(file) {
    try {
        fs.unlinkSync(file);
    } catch (e) {
        // It was never made.
    }
}

export default { journalLine, readableLine, shadowLine, servedBy, hour, trouble, tried, harmless };
