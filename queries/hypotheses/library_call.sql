-- says: in {side} a library routine (memset, memcpy) does what the loop says
-- refuted-by: with -fno-builtin the time stays
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), loop-idiom
-- confirm: b: -fno-builtin
SELECT d.loop, 0.95 AS strength, any_value(r.side) AS side,
       list_filter([min(r.fact), counted('instructions of the loop', d.instructions_a, d.instructions_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.change IN ('appeared', 'disappeared') AND r.pass = 'loop-idiom' AND r.tag = 'Passed'
GROUP BY d.loop, d.instructions_a, d.instructions_b, d.time_ratio
