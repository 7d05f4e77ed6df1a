// Who gets which model, as functions that know nothing of NGINX, files or time.
//
// Written for njs 0.7.9 and later and for any other engine: without imports, default parameters, destructuring, spread,
// for…of and classes.

// The split has a resolution of 0.01 %.
const BUCKETS = 10000;

// Round robin goes over at most so many variants: generate.sh makes the turns.
const TURNS_MAX = 4;

// The addresses that predict; everything else is a page, a file or a question about the model.
const PREDICTS = ['/predict', '/predict/label', '/result', '/result/'];
const PREDICTS_SAMPLE = ['/predict/test', '/predict/test/label'];

// The addresses that take feedback: ours, and Seldon's.
const TAKES_FEEDBACK = ['/feedback', '/api/v1.0/feedback'];

// Longest namespace and deployment together: more than Kubernetes allows.
const DEPLOYMENT_MAX = 512;

// An address, taken apart: /iris/svc/predict → route iris, pin svc, inner /predict, prefix /iris/svc.
// `known` are the variants that exist: ["iris.svc", …].
function takeApart(uri, routes, defaultRoute, known) {
    const segments = uri.split('/');
    const named = routes.indexOf(segments[1]) >= 0;
    const route = named ? segments[1] : defaultRoute;
    const pinned = named && known.indexOf(`${route}.${segments[2]}`) >= 0;
    const depth = (named ? 1 : 0) + (pinned ? 1 : 0);
    const inner = '/' + segments.slice(depth + 1).join('/');
    return { route, pin: pinned ? segments[2] : '', inner, prefix: segments.slice(0, depth + 1).join('/') };
}

function predicts(method, inner) {
    return (method === 'POST' && PREDICTS.indexOf(inner) >= 0) || (method === 'GET' && PREDICTS_SAMPLE.indexOf(inner) >= 0);
}

function takesFeedback(inner) {
    return TAKES_FEEDBACK.indexOf(inner) >= 0;
}

// What feedback sent to Seldon's address names: /seldon/<namespace>/<deployment>/api/v1.0/feedback → "<namespace>/<deployment>".
// Empty for any other address.
function deployment(uri) {
    if (uri.indexOf('/seldon/') !== 0) {
        return '';
    }
    const segments = uri.split('/');
    const named = segments.slice(2, 4).join('/');
    return segments.slice(4).join('/') === 'api/v1.0/feedback' && named.length <= DEPLOYMENT_MAX && isPrintable(named) ? named : '';
}

// The first rule that fits, or null. Values are exact and case-sensitive, unlike in NGINX's own `map`.
function ruled(route, headers) {
    const fits = route.rules.filter((rule) => headers[rule.header] === rule.value);
    return fits.length ? fits[0] : null;
}

// 0 … BUCKETS - 1, evenly; `digest` is a well-mixed hash as hex, of which the first 32 bits are used.
function bucket(digest) {
    return parseInt(digest.slice(0, 8), 16) % BUCKETS;
}

function share(route, name) {
    return Object.prototype.hasOwnProperty.call(route.weights, name) ? route.weights[name] : 0;
}

// The first bucket of the candidate in lane `lane`, of `lanes`, that has `width` buckets.
//
// The first candidate grows from the start and the second from the end, so that two may share the buckets in any way and
// nobody leaves either while both only grow. From the third on, each grows in a lane of its own.
function start(lane, lanes, width) {
    if (lane === 1) {
        return BUCKETS - width;
    }
    return lane === 0 ? 0 : (lane - 1) * Math.floor(BUCKETS / lanes);
}

// The variant that holds bucket `position`.
function holder(route, position) {
    const within = route.lanes.filter((name, lane) => {
        const width = Math.round(share(route, name) * BUCKETS / 100);
        const first = start(lane, route.lanes.length, width);
        return position >= first && position < first + width;
    });
    return within.length ? within[0] : route.baseline;
}

// The variants that take turns, always in the same order.
function turns(route) {
    return [route.baseline].concat(route.lanes).filter((name) => share(route, name) > 0);
}

// Who answers when `failed` does not: the baseline, or for the baseline the next variant that has a share.
function rescuer(route, failed, reason) {
    if (route.fallback === 'none' || reason === 'override') {
        return '';
    }
    const others = [route.baseline].concat(route.lanes.filter((name) => share(route, name) > 0)).filter((name) => name !== failed);
    return others.length ? others[0] : '';
}

// ---- is it a route? ---------------------------------------------------------------------------------------------

// Regular expressions are dear here: njs prepares them anew for every request.
function isPrintable(text) {
    for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code < 32 || code > 126) {
            return false;
        }
    }
    return true;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string' && value.length <= 200 && isPrintable(value);
const isSaid = (value) => isText(value) && value.length > 0;
const isName = (value) => isSaid(value) && value.length <= 40;
const isCount = (value) => typeof value === 'number' && value >= 0 && value <= 9007199254740991 && value === Math.floor(value);

// Whole hundredths, which is what a bucket stands for.
function isPercent(value) {
    return typeof value === 'number' && value >= 0 && value <= 100 && Math.abs(value * 100 - Math.round(value * 100)) < 1e-6;
}

// What HTTP allows as a header's name.
const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

function isHeader(value) {
    return isSaid(value) && value.split('').every((character) => TOKEN.indexOf(character) >= 0);
}

function hasOnly(value, names) {
    return isObject(value) && Object.keys(value).every((name) => names.indexOf(name) >= 0);
}

// A rule leads to a variant of its route, or to another route, whose own split decides.
function isRule(value) {
    const fits = hasOnly(value, ['header', 'value', 'variant']) || hasOnly(value, ['header', 'value', 'route']);
    return fits && isHeader(value.header) && isText(value.value) && isName(value.variant || value.route);
}

function areAll(value, holds) {
    return isObject(value) && Object.keys(value).every((name) => isName(name) && holds(value[name]));
}

function areDifferent(names) {
    return names.every((name, at) => names.indexOf(name) === at);
}

const FIELDS = {
    epoch: isCount,
    mode: (value) => ['weighted', 'roundrobin', 'off'].indexOf(value) >= 0,
    baseline: isName,
    weights: (value) => areAll(value, isPercent),
    lanes: (value) => Array.isArray(value) && value.every(isName) && areDifferent(value),
    salt: isSaid,
    experiment: (value) => value === null || isSaid(value),
    rules: (value) => Array.isArray(value) && value.every(isRule),
    fallback: (value) => value === 'baseline' || value === 'none',
    rescue_500: (value) => typeof value === 'boolean',
    shadows: (value) => areAll(value, isPercent),
    versions: (value) => areAll(value, isText),
};

// What is wrong with a route of routes.json, or nothing. `known` are the variants that exist: ["iris.svc", …].
function trouble(name, route, known) {
    if (!isObject(route)) {
        return 'it is no object';
    }
    const wrong = Object.keys(FIELDS).filter((field) => !FIELDS[field](route[field]));
    if (wrong.length) {
        return `${wrong[0]} is missing or wrong`;
    }
    if (!hasOnly(route, Object.keys(FIELDS))) {
        return 'it has a field that nobody knows';
    }
    const ruled = route.rules.map((rule) => rule.variant).filter((variant) => variant);
    const named = Object.keys(route.weights).concat(Object.keys(route.shadows), Object.keys(route.versions));
    const variants = [route.baseline].concat(route.lanes, named, ruled);
    const unknown = variants.filter((variant) => known.indexOf(`${name}.${variant}`) < 0);
    return unknown.length ? `it has no variant ${unknown[0]}` : troubleWithRules(name, route, known) || troubleWithWeights(route);
}

function troubleWithRules(name, route, known) {
    const routes = known.map((variant) => variant.split('.')[0]);
    const led = route.rules.map((rule) => rule.route).filter((other) => other);
    const nowhere = led.filter((other) => other === name || routes.indexOf(other) < 0);
    return nowhere.length ? `a rule leads to ${nowhere[0]}, which is no other route` : '';
}

function troubleWithWeights(route) {
    const names = Object.keys(route.weights);
    if (names.indexOf(route.baseline) < 0 || route.lanes.indexOf(route.baseline) >= 0) {
        return 'its baseline needs a weight, and no lane';
    }
    const sum = names.reduce((total, name) => total + route.weights[name], 0);
    const outside = names.filter((name) => route.weights[name] > 0 && name !== route.baseline && route.lanes.indexOf(name) < 0);
    if (Math.abs(sum - 100) > 1e-6) {
        return `its weights sum to ${sum}`;
    }
    if (route.mode === 'roundrobin' && turns(route).length > TURNS_MAX) {
        return `more than ${TURNS_MAX} variants take turns`;
    }
    return outside.length ? `${outside[0]} has a weight and no lane` : troubleWithLanes(route);
}

function troubleWithLanes(route) {
    const lanes = route.lanes.length;
    const width = Math.floor(BUCKETS / Math.max(lanes, 1)) * 100 / BUCKETS;
    const beyond = lanes > 2 ? route.lanes.filter((name) => share(route, name) > width + 1e-6) : [];
    return beyond.length ? `${beyond[0]} has more than its lane of ${width} %` : '';
}

export default { BUCKETS, takeApart, takesFeedback, deployment, predicts, ruled, bucket, holder, turns, rescuer, share, trouble, isPrintable };
