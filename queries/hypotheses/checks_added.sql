-- says: each access checks its bounds: the loop may be left at any of them{so}
-- refuted-by: without the checks (operator[] in place of at(), no hardening or sanitizer) the time stays
-- expects: slower
-- contradicted-by: no more branches in the loop | branches_b <= branches_a
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), loops with several exits; libstdc++ and libc++ hardening modes
WITH checks AS (
    SELECT s.side, i.loop AS key, count(*) AS n FROM sides s JOIN instructions i USING (run_id)
    WHERE i.loop IS NOT NULL AND (regexp_matches(i.operands, '<(_ZSt[0-9]+__throw_out_of_range|_ZSt[0-9]+__glibcxx_assert_fail|__ubsan_handle_out_of_bounds|_ZNSt3__1[0-9]+__libcpp_verbose_abort)')
                                  OR i.kind = 'trap' AND i.mnemonic LIKE 'ud%')
    GROUP BY ALL
)
SELECT d.loop, 0.91 AS strength,
       CASE WHEN coalesce(d.vector_width_b, 1) > 1 OR coalesce(d.vector_bits_b, 0) > 0 THEN '' ELSE ', so that no vectors are used and nothing is moved across' END AS so,
       list_filter([counted('places that give up where a check fails', coalesce(a.n, 0), b.n), counted('branches', d.branches_a, d.branches_b), timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d JOIN checks b ON b.side = 'b' AND b.key = d.key_b LEFT JOIN checks a ON a.side = 'a' AND a.key = d.key_a
WHERE a.n IS NULL
