-- says: {callee} is inlined into the loop, which is then optimised as a whole
-- refuted-by: with inlining switched off in b the time stays
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), inline
-- confirm: b: -fno-inline
SELECT d.loop,
       weighed(CASE WHEN d.calls_b < d.calls_a THEN 0.93 ELSE 0.6 END, d.verdict, 'faster') AS strength,
       any_value(regexp_extract(r.words, '^''([^'']+)''', 1)) AS callee,
       list_filter([min(r.fact), counted('calls', d.calls_a, d.calls_b), timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change = 'appeared' AND r.pass = 'inline' AND r.name LIKE '%Inlined'
 AND r.tag = 'Passed'
GROUP BY d.loop, d.calls_a, d.calls_b, d.verdict, d.time_ratio
