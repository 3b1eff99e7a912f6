-- finds: a call in the hot loop, for which the loop cannot be vectorised
-- refuted-by: with the callee inlined the loop takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), vectorization of function calls
WITH called AS (
    SELECT i.run_id, i.machine_loop, list(DISTINCT regexp_extract(i.operands, '<([^>+@]+)', 1) ORDER BY 1) AS names, bool_and(contains(i.operands, '@plt')) AS shared, list(DISTINCT regexp_extract(i.operands, '<([^>+@]+)', 1)) AS symbols, min(i.line) AS line
    FROM instructions i
    WHERE i.kind = 'call' GROUP BY ALL
), theirs AS (
    -- what the callees take themselves; a loop of theirs takes as long where it is inlined
    -- the library may have several of a function, for different processors
    SELECT s.run_id, CASE WHEN s.own THEN coalesce(s.function, s.symbol) ELSE regexp_replace(coalesce(s.function, s.symbol), '^__|_(sse41|sse2|c|avx|avx2|fma|fma4|evex)$', '', 'g') END AS symbol, sum(s.count) FILTER (s.loop IS NULL) AS samples,
           sum(s.count) FILTER (s.loop IS NOT NULL) AS looping
    FROM samples s GROUP BY ALL
), cost AS (
    SELECT c.run_id, c.machine_loop, sum(t.samples) AS samples, sum(t.looping) AS looping FROM called c JOIN theirs t
      ON t.run_id = c.run_id AND list_contains(c.symbols, t.symbol) GROUP BY ALL
)
SELECT h.run_id, h.id, CASE WHEN looping > h.samples THEN 0.45 ELSE 0.9 END AS strength, coalesce(nullif(z.head, h.id), t.id) AS within,
       CASE WHEN looping > h.samples OR several THEN 'infinity' WHEN one THEN now * (1 + coalesce(o.samples, 0) / h.samples) / (work_cycles * lanes * 8 * element_bytes / machine_bits) ELSE now * (1 + coalesce(o.samples, 0) / h.samples) / reach END AS part,
       least(1, greatest(share + coalesce(o.samples, 0) / sampled, CASE WHEN several THEN z.whole END)) AS of_time,
       'each iteration calls ' || CASE WHEN c.names[1] IN ('', '*') OR c.names[1] IS NULL THEN 'a function through a pointer' ELSE array_to_string(c.names[1:2], ' and ') END ||
       CASE WHEN o.samples > 0 THEN ' (itself ' || printf('%.1f %%', 100.0 * o.samples / sampled) || ' of the time)' ELSE '' END ||
       CASE WHEN looping > h.samples THEN ', whose own loop takes ' || printf('%.1f %%', 100.0 * looping / sampled) || ': here is what the calls cost'
            WHEN one THEN CASE WHEN len(c.symbols) > 1 THEN ', which are single instructions' ELSE ', which is one instruction' END || ' on this machine, but not on every processor that the flags allow' || CASE WHEN lanes > 1 THEN ': the calls are made for one element at a time in a loop of vectors' ELSE '' END
            WHEN lanes > 1 AND vector_width > 1 THEN ' for one element at a time, though the rest of the loop is vectorised'
            ELSE ', for which the loop cannot be vectorised' END AS says,
       CASE WHEN one THEN 'build for processors that have it (-march=native for this machine, or ' || CASE WHEN starts_with(c.names[1], 'fma') THEN '-mfma' ELSE '-msse4.1' END || '), so that it takes no call and works on vectors'
            WHEN looping > h.samples THEN 'mend the loop of the callee first; inlined, the calls cost nothing' || CASE WHEN regexp_matches(c.names[1], '^_ZN?K?St') THEN '' ELSE ' (its body in the header, -flto)' END
            WHEN c.names[1] IN ('', '*') OR c.names[1] IS NULL THEN 'take the call out of the loop, or make the callee known: templates, final, -flto with profile'
            WHEN regexp_matches(c.names[1], '^__(mul|div)[hsdxt]c3$') THEN 'it is there for infinities and NaN in complex numbers: where there are none, -fcx-limited-range (which is part of -ffast-math), or real and imaginary parts of your own'
            WHEN c.shared AND regexp_matches(c.names[1], '^(sin|cos|tan|exp|log|pow|atan|asin|acos|cbrt|erf|hypot|sqrt|fmod)[a-z0-9]*$') THEN 'call a vector form of it (-fveclib=libmvec with -ffast-math), or a cheaper function of your own'
            WHEN c.shared THEN 'a function of a shared library is never inlined: use one of your own, or one call for many elements'
            -- a template of the library is in a header already
            WHEN regexp_matches(c.names[1], '^_ZN?K?St') THEN 'its body is in a header of the library, and too large to be inlined: a profile (-fprofile-use: corr optimize tries that) may change that; or call it less often, before the loop or once for many elements'
            ELSE 'let it be inlined (its body in the header, -flto), or call a vector form of it' END AS helps,
       CASE WHEN one THEN '-march=native' WHEN regexp_matches(c.names[1], '^__(mul|div)[hsdxt]c3$') THEN '-fcx-limited-range' WHEN c.names[1] IN ('', '*') OR c.shared OR regexp_matches(c.names[1], '^_ZN?K?St') THEN NULL ELSE '-flto' END AS flags,
       [{'rows': 'FROM instructions WHERE kind = ''call'' AND machine_loop = ' || h.machine_loop, 'says': 'a call in the machine loop'}] AS evidence
FROM h JOIN (
    -- SSE4.1 and FMA, which every processor with vectors of 256 bits has
    SELECT c.*, c.shared AND list_bool_and(list_transform(c.symbols, lambda s: regexp_matches(s, '^((floor|ceil|trunc|rint|nearbyint|round|roundeven|fma)f?)$')))
           AND EXISTS (FROM machine m WHERE m.run_id = c.run_id AND m.name = 'vector' AND m.value >= 256) AND NOT EXISTS (FROM runs r WHERE r.run_id = c.run_id AND list_contains(r.flags, '-march=native')) AS one
    FROM called c) c USING (run_id, machine_loop) LEFT JOIN cost o USING (run_id, machine_loop)
-- a function of a library that takes more than the loop is told of with what its calls cost here
LEFT JOIN (SELECT p.run_id, p.id AS around, min(l.id) AS id
           FROM h p JOIN instructions i ON i.run_id = p.run_id AND i.machine_loop = p.machine_loop AND i.kind = 'call' JOIN aimed a ON a.run_id = p.run_id AND a.spot.file = i.file AND a.spot.line = i.line
           JOIN h l ON l.run_id = a.run_id AND l.id = a.id AND NOT l.own AND l.share > p.share WHERE p.loop IS NOT NULL GROUP BY ALL) t ON t.run_id = h.run_id AND t.around = h.id AND c.shared
-- loops with such calls are mended together
LEFT JOIN (SELECT *, places > 2 AS several FROM apart) z ON z.run_id = h.run_id AND list_has_any(c.symbols, z.symbols)
WHERE loop IS NOT NULL AND entries IS DISTINCT FROM iterations
  -- what these do is no work for vectors
  AND NOT list_bool_or(list_transform(c.symbols, lambda s: regexp_matches(s, '^(_Zn[wa]m|_Zd[la]Pv|(m|c|re)alloc$|free$|_*(IO_)?f?(get|put)[cs]|_*f?(printf|read|write|scanf|flush)|pthread_|_Unwind|__cxa_|_ZNS[io]|_ZSt.*[io]stream|qsort|bsearch)')))
  -- nor does it happen where products of complex numbers are numbers
  AND (coalesce(o.samples, 0) > 0 OR NOT list_bool_and(list_transform(c.symbols, lambda s: regexp_matches(s, '^__(mul|div)[hsdxt]c3$'))))
  -- a loop whose turns cannot be counted has no vectors without the call either
  AND NOT EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name IN ('UnsupportedUncountableLoop', 'CantComputeNumberOfIterations'))
