#!/usr/bin/python3
"""A second implementation of RULER's generators, written from their description alone and not from the C# one.

usage: ruler.py validate SHARED       compares with the committed samples of SHARED/goldens
       ruler.py expected SHARED OUT   writes OUT/expected.tsv and OUT/fails.tsv; ruler-samples.tsv beside this file
                                      is the former with the first 16 digits of each digest
A text has (code points + 3) // 4 tokens in `expected`.
"""
import bisect, hashlib, json, math, os, random, re, string, sys, unicodedata, uuid
from functools import lru_cache

SH = sys.argv[2]
OUT = sys.argv[3] if len(sys.argv) > 3 else '.'
MAX_TRIES = 1000


class NeverFits(Exception):
    pass


# ---------------------------------------------------------------- 0.4
class NpLegacyRandom:
    def __init__(self, s):
        mt = [s & 0xffffffff]
        for i in range(1, 624):
            mt.append((1812433253 * (mt[-1] ^ (mt[-1] >> 30)) + i) & 0xffffffff)
        self.mt, self.i = mt, 624

    def u(self):
        mt = self.mt
        if self.i == 624:
            for k in range(624):
                y = (mt[k] & 0x80000000) | (mt[(k + 1) % 624] & 0x7fffffff)
                mt[k] = mt[(k + 397) % 624] ^ (y >> 1) ^ (0x9908b0df if y & 1 else 0)
            self.i = 0
        y = mt[self.i]
        self.i += 1
        y ^= y >> 11
        y ^= (y << 7) & 0x9d2c5680
        y ^= (y << 15) & 0xefc60000
        return y ^ (y >> 18)

    def randint(self, lo, hi):          # hi exclusive
        r = hi - lo - 1
        mask = (1 << r.bit_length()) - 1
        while True:
            v = self.u() & mask
            if v <= r:
                return lo + v


# ---------------------------------------------------------------- data
def wordlist(name):
    with open(f'{SH}/goldens/wordlists/{name}.txt', encoding='utf-8', newline='') as f:
        return [w.rstrip() for w in f.read().split('\n') if w.strip()]


@lru_cache(None)
def pairs():
    a, n = wordlist('adjectives'), wordlist('nouns')
    l = [x + '-' + y for x in a for y in n]
    l.sort()
    out, prev = [], None
    for w in l:
        if w != prev:
            out.append(w)
            prev = w
    assert len(out) == 6171620, len(out)
    return out


@lru_cache(None)
def cwe_words():
    w = sorted(set(wordlist('nouns')) | set(wordlist('adjectives')) | set(wordlist('verbs')))
    assert len(w) == 8166, len(w)
    return w


@lru_cache(None)
def essay():
    with open(f'{SH}/data/haystack/paul_graham_essays.txt', encoding='utf-8', newline='') as f:
        t = re.sub(r'\s+', ' ', f.read())
    ends, p = [], 0                      # end offset of every word
    for w in t.split(' '):
        p += len(w)
        ends.append(p)
        p += 1
    sents = [tuple(map(int, l.split('\t'))) for l in open(f'{SH}/goldens/ruler/haystack-sentences.tsv') if l.strip()]
    return t, ends, [s for s, _ in sents], [e for _, e in sents]


def essay_sentences(h):
    t, ends, ss, se = essay()
    assert h < len(ends), 'cycling not supported'
    cut = ends[h - 1]
    n = bisect.bisect_left(ss, cut)      # sentences that start inside the prefix
    return [t[ss[i]:min(se[i], cut)] for i in range(n)]


DEPTHS = [int(round(100 * i / 39)) for i in range(40)]


def cut_index(s, depth):
    return int(s * (depth / 100))


# ---------------------------------------------------------------- tokens
def tok_standin(text):
    return (len(text) + 3) // 4


def tok_ws(text):
    return len(text.split())


def make_bpe():
    j = json.load(open(f'{SH}/goldens/hf-eval/tiny-model/tokenizer.json', encoding='utf-8'))
    rank = {tuple(m if isinstance(m, list) else m.split(' ')): i for i, m in enumerate(j['model']['merges'])}
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    b2u, n = {b: chr(b) for b in bs}, 0
    for b in range(256):
        if b not in b2u:
            b2u[b] = chr(256 + n)
            n += 1
    esc = lambda cs: ''.join('\\u%04x' % ord(c) for c in cs)
    chars = sorted(set(essay()[0]) | set(map(chr, range(128))))
    L = esc(c for c in chars if unicodedata.category(c)[0] == 'L')
    N = esc(c for c in chars if unicodedata.category(c)[0] == 'N')
    rx = re.compile(rf"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n{L}{N}]?[{L}]+|[{N}]"
                    rf"| ?[^\s{L}{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

    @lru_cache(None)
    def count(w):
        p = [b2u[b] for b in w.encode('utf-8')]
        while len(p) > 1:
            k = min(range(len(p) - 1), key=lambda i: rank.get((p[i], p[i + 1]), 1 << 30))
            m = (p[k], p[k + 1])
            if m not in rank:
                break
            q, i = [], 0
            while i < len(p):
                if i + 1 < len(p) and (p[i], p[i + 1]) == m:
                    q.append(p[i] + p[i + 1])
                    i += 2
                else:
                    q.append(p[i])
                    i += 1
            p = q
        return len(p)

    def tokens(text):
        ps = rx.findall(text)
        assert sum(map(len, ps)) == len(text)
        return sum(map(count, ps))
    return tokens


# ---------------------------------------------------------------- tables
NIAH_T = ("Some special magic {type_needle_v} are hidden within the following text. Make sure to memorize it. I will quiz you "
          "about the {type_needle_v} afterwards.\n{context}\nWhat are all the special magic {type_needle_v} for {query} mentioned "
          "in the provided text?")
NIAH_A = " The special magic {type_needle_v} for {query} mentioned in the provided text are"
NEEDLE = "One of the special magic {type_needle_v} for {key} is: {value}."
NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
VT_T = ("Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n{context}\nQuestion: Find all "
        "variables that are assigned the value {query} in the text above.")
VT_A = (" Answer: According to the chain(s) of variable assignment in the text above, {num_v} variables are assigned the value "
        "{query}, they are: ")
CWE_T = ("Below is a numbered list of words. In these words, some appear more often than others. Memorize the ones that appear "
         "most often.\n{context}\nQuestion: What are the 10 most common words in the above list?")
CWE_A = " Answer: The top 10 words that appear most often in the list are:"
FWE_T = ("Read the following coded text and track the frequency of each coded word. Find the three most frequently appeared coded "
         "words. {context}\nQuestion: Do not provide any explanation. Please ignore the dots '....'. What are the three most "
         "frequently appeared words in the above coded text?")
FWE_A = " Answer: According to the coded text above, the three most frequently appeared words are:"

#         haystack  key      value     keys v q
NIAH = {
    'niah_single_1':   ('noise',  'words', 'numbers', 1, 1, 1),
    'niah_single_2':   ('essay',  'words', 'numbers', 1, 1, 1),
    'niah_single_3':   ('essay',  'words', 'uuids',   1, 1, 1),
    'niah_multikey_1': ('essay',  'words', 'numbers', 4, 1, 1),
    'niah_multikey_2': ('needle', 'words', 'numbers', 1, 1, 1),
    'niah_multikey_3': ('needle', 'uuids', 'uuids',   1, 1, 1),
    'niah_multivalue': ('essay',  'words', 'numbers', 1, 4, 1),
    'niah_multiquery': ('essay',  'words', 'numbers', 4, 1, 4),
}
TASKS = list(NIAH) + ['vt', 'cwe', 'fwe']
ESSAY = [t for t in NIAH if NIAH[t][0] == 'essay']


def fill(t, **kw):                        # plain replacement, no format-language surprises
    for k in ('type_needle_v', 'num_v', 'query', 'key', 'value', 'context'):   # context last: its text is not edited
        if k in kw:
            t = t.replace('{' + k + '}', str(kw[k]))
    return t


# ---------------------------------------------------------------- generic search / retry
def binary_search(lo, hi, fits, log, limit):
    best = None
    while lo <= hi:
        mid = (lo + hi) // 2
        total = fits(mid)
        log.append([mid, total, limit])
        if total <= limit:
            best, lo = mid, mid + 1
        else:
            hi = mid - 1
    return best


def retry(h, inc, gen, limit):
    for _ in range(MAX_TRIES):
        r = gen(h)
        if r[0] <= limit:
            return r
        if h > inc:
            h -= inc
    raise NeverFits(h, r[0])


class Run:
    """one task file; yields samples (text, A, outputs, length, size)"""

    def __init__(self, task, max_len, seed, variant='reference', tok=tok_standin):
        self.task, self.max_len, self.seed, self.variant, self.tok = task, max_len, seed, variant, tok
        self.g = random.Random(seed)
        self.search = []
        self.size = None
        self.prepared = False

    def samples(self, n):
        f = self.niah if self.task in NIAH else getattr(self, self.task)
        return f(n)

    # ---- 4.3, 4.4
    def rnd(self, typ):
        g = self.g
        if typ == 'numbers':
            return str(g.randint(1000000, 9999999))
        if typ == 'words':
            return g.choice(pairs())
        return str(uuid.UUID(int=g.getrandbits(128), version=4))

    def niah_text(self, h):
        hay, kt, vt, nk, nv, nq = NIAH[self.task]
        g = self.g
        keys, values, needles = [], [], []
        for _ in range(nk):
            k = self.rnd(kt)
            keys.append(k)
            vs = []
            for _ in range(nv):
                v = self.rnd(vt)
                vs.append(v)
                needles.append(fill(NEEDLE, type_needle_v=vt, key=k, value=v))
            values.append(vs)
        random.Random(self.seed).shuffle(needles)
        if hay == 'essay':
            s = essay_sentences(h)
            depths = g.sample(DEPTHS, len(needles))
            cuts = [0] + sorted(cut_index(len(s), d) for d in depths) + [len(s)]
            parts = []
            for i in range(len(cuts) - 1):
                parts.append(' '.join(s[cuts[i]:cuts[i + 1]]))
                if i < len(needles):
                    parts.append(needles[i])
            context = ' '.join(parts)
        else:
            if hay == 'noise':
                lines = [NOISE] * h
            else:
                lines = []
                for _ in range(h):
                    k = self.rnd(kt)
                    v = self.rnd(vt)
                    lines.append(fill(NEEDLE, type_needle_v=vt, key=k, value=v))
            pos = sorted(g.sample(range(h), len(needles)), reverse=True)
            for p, nd in zip(pos, needles):
                lines.insert(p, nd)
            context = '\n'.join(lines)
        idx = g.sample(range(nk), nq)
        qk = [keys[i] for i in idx]
        query = qk[0] if len(qk) == 1 else ', '.join(qk[:-1]) + ', and ' + qk[-1]
        answers = [v for i in idx for v in values[i]]
        t, a, typ = NIAH_T, NIAH_A, vt
        if nq * nv == 1:
            for x, y in (('Some', 'A'), ('are all', 'is'), ('are', 'is'), ('answers', 'answer')):
                t, a = t.replace(x, y), a.replace(x, y)
            typ = typ[:-1]
        a = fill(a, type_needle_v=typ, query=query)
        return fill(t, type_needle_v=typ, query=query, context=context) + a, a, answers

    def niah(self, n):
        hay = NIAH[self.task][0]
        inc = 500 if hay == 'essay' else (5 if self.max_len < 4096 else 25)
        res = 128
        tph = self.tok(self.niah_text(inc)[0]) / inc
        est = int(self.max_len / tph * 3)
        if self.variant == 'essay_step_25':
            assert hay == 'essay'
            inc = 25
        h = binary_search(inc, max(est, 2 * inc), lambda m: self.tok(self.niah_text(m)[0]) + res, self.search, self.max_len) or inc
        self.size = h

        def gen(m):
            r = self.niah_text(m)
            return (self.tok(r[0]) + res,) + r
        for _ in range(n):
            length, text, a, ans = retry(h, inc, gen, self.max_len)
            yield dict(text=text, a=a, outputs=ans, length=length)

    # ---- 4.5
    def names(self, count, k):
        g = self.g
        mk = lambda: ''.join(g.choices(string.ascii_uppercase, k=k))
        v = [mk() for _ in range(count)]
        while len(set(v)) < count:
            v.append(mk())
        return v

    def vt_text(self, h, icl):
        v = self.names(5, 3 if icl else 5)
        if len(v) != 5:
            print('WARNING: duplicate vt names', self.task, self.max_len, self.seed, v, file=sys.stderr)
        v = v[:5]
        value = '12345' if icl else str(self.np.randint(10000, 99999))
        chain = [f'VAR {v[0]} = {value}'] + [f'VAR {v[j + 1]} = VAR {v[j]} ' for j in range(4)]
        lines = [NOISE] * h
        pos = sorted(self.g.sample(range(h), len(chain)))
        for j, p in enumerate(pos):
            lines.insert(p + j, chain[j])
        context = '\n'.join(lines).replace('. \n', '.\n')
        a = fill(VT_A, num_v=5, query=value)
        return fill(VT_T, query=value, context=context) + a, a, v

    def vt_size(self, max_len, inc, extra, icl):
        t = lambda m: self.tok(self.vt_text(m, icl)[0])
        est = int(max_len / (t(inc) / inc) * 3)
        return binary_search(inc, max(est, 2 * inc), lambda m: t(m) + extra, self.search, max_len) or inc

    def vt(self, n):
        self.np = NpLegacyRandom(self.seed)
        res, ex, ex_tok = 30, None, 0

        def gen(icl, extra):
            def f(m):
                r = self.vt_text(m, icl)
                return (self.tok(r[0]) + extra,) + r
            return f
        if self.variant != 'no_example':
            h = self.vt_size(500, 5, 0, True)
            _, text, a, v = retry(h, 5, gen(True, 0), 500)
            ex = text + ' ' + ' '.join(v) + '\n'
            ex_tok = self.tok(ex)
        inc = 5 if self.max_len < 4096 or self.variant == 'no_example' else 10
        h = self.size = self.vt_size(self.max_len, inc, ex_tok + res, False)
        for _ in range(n):
            length, text, a, v = retry(h, inc, gen(False, ex_tok + res), self.max_len)
            if ex is not None:
                e = ex
                for w in ex.split()[-5:]:
                    e = e.replace(w, ''.join(self.g.choices(string.ascii_uppercase, k=len(w))))
                e = e.replace('12345', str(self.np.randint(10000, 99999)))
                c = text.index(VT_T[:20])
                text = text[:c] + e + '\n' + text[c:]
            yield dict(text=text, a=a, outputs=v, length=self.tok(text) + res, length_sum=length)

    # ---- 4.6
    def cwe(self, n):
        words = list(cwe_words())
        random.Random(self.seed).shuffle(words)
        short = self.max_len < 4096
        res, inc = 120, 10

        def example(k, fc, fu):
            assert k <= len(words)
            l = self.g.sample(words, k)
            common, rest = l[:10], l[10:]
            m = common * fc + rest * fu
            random.Random(self.seed).shuffle(m)
            return numbered(m), common

        def numbered(m):
            return ' '.join(f'{i}. {w}' for i, w in enumerate(m, 1))

        def text(k):
            c1, a1 = example(20, 3, 1) if short else example(40, 10, 3)
            c2, a2 = example(k, 6, 1) if short else example(k, 30, 3)
            t = CWE_T + CWE_A
            return fill(t, context=c1) + ' ' + numbered(a1) + '\n' + fill(t, context=c2), CWE_A, a2
        tpw = self.tok(text(4096)[0]) / 4096
        est = int(self.max_len // tpw) * 2
        h = binary_search(inc, max(est, 20), lambda m: self.tok(text(m)[0]) + res, self.search, self.max_len) or inc
        self.size = h

        def gen(m):
            r = text(m)
            return (self.tok(r[0]) + res,) + r
        for _ in range(n):
            length, t, a, ans = retry(h, inc, gen, self.max_len)
            yield dict(text=t, a=a, outputs=ans, length=length)

    # ---- 4.7
    def fwe(self, n):
        lp = self.max_len - 50
        V, step = lp // 50, lp // 32
        zeta = math.pi ** 2 / 6

        def vocab():
            mk = lambda: ''.join(self.g.choices(string.ascii_lowercase, k=6))
            v = [mk() for _ in range(V)]
            while len(set(v)) < V:
                v.append(mk())
            v = sorted(set(v))
            random.Random(self.seed).shuffle(v)
            v[0] = '...'
            return v

        def text(v, N):
            w = []
            for k, x in enumerate(v, 1):
                w += [x] * math.floor(N * float(k) ** -2.0 / zeta)
            random.Random(self.seed).shuffle(w)
            return fill(FWE_T, context=' '.join(w)) + FWE_A
        v = vocab()
        N = lp // 6
        while self.tok(text(v, N)) < lp:
            N += step
        N -= step
        for _ in range(n):
            v = vocab()
            m = N
            t = text(v, m)
            while self.tok(t) > lp:
                m -= step
                t = text(v, m)
            yield dict(text=t, a=FWE_A, outputs=v[1:4], length=self.tok(t) + 50)


def sha(s):
    return hashlib.sha256(s.encode('utf-8')).hexdigest()


def split_prefix(text, a):
    i = text.rfind(a[:10])
    return text[:i], text[i:]


# ---------------------------------------------------------------- validation
def validate():
    bad = 0

    def check(ok, *what):
        nonlocal bad
        if not ok:
            bad += 1
            print('FAIL', *what)
    # 0.4
    for l in open(f'{SH}/goldens/metrics.jsonl'):
        d = json.loads(l)
        if d['metric'] == 'numpy_legacy_randint':
            i = d['inputs']
            r = NpLegacyRandom(i['seed'])
            check([r.randint(i['low'], i['high_exclusive']) for _ in range(i['n'])] == d['expected'], d['id'])
        if d['metric'] == 'depth_grid' and d['inputs']['num'] == 40:
            check(DEPTHS == d['expected'], d['id'])
    cp = json.load(open(f'{SH}/goldens/ruler/cut-points.json'))
    check(all(cut_index(s, d) == i for s, d, i in cp), 'cut points')
    print('cut points', len(cp))
    # metrics: white-space tokenizer, whole generator end to end
    runs, nws = {}, 0
    for l in open(f'{SH}/goldens/metrics.jsonl'):
        d = json.loads(l)
        if d['metric'] != 'ruler_sample':
            continue
        i, e = d['inputs'], d['expected']
        key = (i['task'], i['max_seq_length'], i['random_seed'])
        if key not in runs:
            runs[key] = list(Run(*key, tok=tok_ws).samples(i['num_samples']))
        s = runs[key][i['sample_index']]
        inp, ap = split_prefix(s['text'], s['a'])
        check(s['outputs'] == e['outputs'], d['id'], 'outputs', s['outputs'])
        check(ap == e['answer_prefix'], d['id'], 'prefix')
        check(s['length'] == e['length'], d['id'], 'length', s['length'], s.get('length_sum'), e['length'])
        check((sha(inp) == e['input_sha256_utf8']) if 'input_sha256_utf8' in e else inp == e['input'], d['id'], 'input')
        nws += 1
    print('metrics ruler_sample', nws)
    # golden samples, own BPE: everything end to end
    bpe = make_bpe()
    for task in TASKS:
        runs, n, ns, sums = {}, 0, 0, [0, 0]
        for l in open(f'{SH}/goldens/ruler/{task}.jsonl', encoding='utf-8'):
            d = json.loads(l)
            key = (d['task'], d['max_seq_length'], d['random_seed'], d['variant'])
            if key not in runs:
                r = Run(*key, tok=bpe)
                runs[key] = (r, list(r.samples(3)))
            r, ss = runs[key]
            s = ss[d['sample_index']]
            inp, ap = split_prefix(s['text'], s['a'])
            check(inp == d['input'], key, d['sample_index'], 'input')
            check(ap == d['answer_prefix'], key, d['sample_index'], 'prefix')
            check(s['outputs'] == d['outputs'], key, d['sample_index'], 'outputs')
            check(s['length'] == d['length'], key, d['sample_index'], 'length', s['length'], s.get('length_sum'), d['length'])
            if 'length_sum' in s:
                sums[s['length_sum'] == d['length']] += 1
            check(sha(s['text']) == d['sha256'], key, d['sample_index'], 'sha')
            check(r.size == d['size'], key, 'size', r.size, d['size'])
            if d.get('search'):
                check(r.search == d['search'], key, 'search', r.search, d['search'])
                ns += len(d['search'])
            n += 1
        print('golden', task, 'samples', n, 'search steps', ns, ('length_sum equal/unequal %d/%d' % (sums[1], sums[0])) if task == 'vt' else '')
    for d in json.load(open(f'{SH}/goldens/ruler/never-fits.json')):
        r = Run(d['task'], d['max_seq_length'], 42, d['variant'], tok=bpe)
        try:
            for _ in r.samples(1):
                pass
            check(False, 'fits', d)
        except NeverFits as e:
            print('never fits', d['task'], d['max_seq_length'], 'golden', d['smallest_size'], d['tokens'], 'here last', e.args)
    print('BAD' if bad else 'ALL OK', bad)


# ---------------------------------------------------------------- expected
def expected():
    plan = []
    for ml in (1000, 2000, 3000, 4096, 8192):
        for seed in (42, 7, 123456):
            for t in TASKS:
                plan.append((t, 'reference', ml, seed))
    for ml in (1000, 2000):
        for t in ESSAY:
            plan.append((t, 'essay_step_25', ml, 7))
        plan.append(('vt', 'no_example', ml, 7))
    with open(f'{OUT}/expected.tsv', 'w', newline='\n') as f, open(f'{OUT}/fails.tsv', 'w', newline='\n') as ff:
        for t, var, ml, seed in plan:
            r = Run(t, ml, seed, var)
            i = 0
            try:
                for i, s in enumerate(r.samples(3)):
                    assert ''.join(split_prefix(s['text'], s['a'])) == s['text']
                    row = (t, var, ml, seed, i, '' if r.size is None else r.size, s['length'], sha(s['text']))
                    print(*row, sep='\t', file=f)
                    if s.get('length_sum', s['length']) > ml or s['length'] > ml:
                        print('note: length above max', *row, s.get('length_sum'), file=sys.stderr)
                    i += 1
            except NeverFits as e:
                print(t, var, ml, seed, i, 'never fits', *e.args, sep='\t', file=ff)


if __name__ == '__main__':
    {'validate': validate, 'expected': expected}[sys.argv[1]]()
