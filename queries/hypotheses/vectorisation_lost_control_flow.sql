-- says: the loop is no longer vectorised: {why}
-- refuted-by: the loop vectorises with the exit in it, or the time stays without the exit
-- expects: slower
-- contradicted-by: b has it vectorised too | list_contains(done_b, 'loop-vectorize:Vectorized') OR coalesce(vector_width_b, 1) > 1
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), if conversion and early-exit loops
SELECT d.loop, 0.89 AS strength,
       coalesce(any_value(s.counter) || ' may wrap around to the other end of its type, so that nobody knows how often the loop turns', 'it may leave early, or its control flow is not understood') AS why,
       list_filter([any_value(v.lost), min(v.fact),
                    'machine_loops: vectors of ' || coalesce(any_value(d.vector_bits_a), 0) || ' bits in a, '
                    || coalesce(any_value(d.vector_bits_b), 0) || ' in b',
                    timed(any_value(d.time_ratio))], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN vectorisation_lost v USING (loop) LEFT JOIN said_in_b s USING (loop)
WHERE v.reason IN ('CFGNotUnderstood', 'CantComputeNumberOfIterations', 'NonReductionValueUsedOutsideLoop',
                   'UnsupportedUncountableLoop', 'NoLatchBlock', 'IfConversionDelayed',
                   'NoCFGForSelect', 'UncountableEarlyExitLoopsDisabled', 'MultipleExits',
                   'PotentiallyFaultingLoadsNotSupported', 'EarlyExitLoopsWithReductionsNotSupported')
  AND d.iterations_b > 0.9 * d.iterations_a
  -- a loop that nothing but its condition ends: its index may wrap around, or a store may change its bound, as is told elsewhere
  AND (s.counter IS NULL OR s.wraps AND d.loop NOT IN (SELECT loop FROM remark_facts WHERE side = 'b' AND name = 'LoadWithLoopInvariantAddressInvalidated'))
GROUP BY d.loop, d.verdict
