-- says: {side} is built by a profile: what ran often in it decides about inlining, unrolling and the order of blocks{what}
-- refuted-by: without the profile the loop is compiled the same, or the time stays
-- source: Clang user's manual, "Profile Guided Optimization" (clang.llvm.org/docs/UsersManual.html)
-- confirm: {side}: -fno-profile-instr-use
SELECT d.loop, 0.945 AS strength, f.side,
       CASE WHEN d.called_a <> d.called_b THEN ': ' || d.called_a || ' places call in a, ' || d.called_b || ' in b'
            WHEN coalesce(d.unroll_a, 1) <> coalesce(d.unroll_b, 1) THEN ': unrolled by ' || coalesce(d.unroll_a, 1) || ' in a, by ' || coalesce(d.unroll_b, 1) || ' in b'
            WHEN coalesce(d.vector_width_a, 1) <> coalesce(d.vector_width_b, 1) THEN ': ' || coalesce(d.vector_width_a, 1) || ' elements at a time in a, ' || coalesce(d.vector_width_b, 1) || ' in b'
            WHEN d.selects_a <> d.selects_b THEN ': ' || d.selects_a || ' selections in a, ' || d.selects_b || ' in b'
            ELSE '' END AS what,
       list_filter([min(f.fact), counted('instructions of the loop', d.instructions_a, d.instructions_b),
                    counted('conditional jumps', d.branches_a, d.branches_b), timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d, flag_edits f
WHERE d.code_changed AND regexp_matches(f.flag, '^-f(profile-(instr-|sample-)?use|auto-profile)')
GROUP BY d.loop, f.side, d.time_ratio, d.called_a, d.called_b, d.unroll_a, d.unroll_b, d.vector_width_a, d.vector_width_b,
         d.selects_a, d.selects_b, d.instructions_a, d.instructions_b, d.branches_a, d.branches_b
