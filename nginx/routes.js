// Which routes there are and how each one chooses among its variants.
//
// A route's variants are the upstreams `<route>.<variant>` of upstreams.conf; here stands only who gets how much.
//   mode      roundrobin: strict alternation, a demonstration; weighted: every visitor keeps a variant
//   baseline  shows the pages, and answers when another variant fails
//   weights   percent of the visitors
//   salt      keeps the visitors of one route from meeting the same side of the split on every route
//   rules     a header with exactly this value decides; the first that fits
//   fallback  none: a failing variant's error reaches the visitor
//   versions  the response header `version`

const DEFAULT_ROUTE = 'fruit';

const ROUTES = {
    fruit: {
        mode: 'roundrobin',
        baseline: 'custom',
        weights: { custom: 50, vgg16: 50 },
        salt: 'fruit',
        rules: [{ header: 'target', value: 'mountain', variant: 'vgg16' }],
        versions: { custom: 'fruit-v1', vgg16: 'fruit-v2' },
    },
    iris: {
        mode: 'weighted',
        baseline: 'svc',
        weights: { svc: 60, forest: 40 },
        salt: 'iris',
        rules: [],
        versions: { svc: 'iris-v1', forest: 'iris-v2' },
    },
};

export default { DEFAULT_ROUTE, ROUTES };
