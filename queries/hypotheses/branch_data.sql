-- says: the same code branches on other data: {how}, and what a processor cannot guess costs it about 15 cycles
-- refuted-by: with a select in place of the branch, or the data of the other side, the time stays
-- contradicted-by: the branch goes the same way nearly every time on both sides | greatest(undecided_a, undecided_b) < 0.02
-- contradicted-by: the slow side takes what the machine model expects | CASE verdict WHEN 'slower' THEN cycles_b < 1.2 * model_cycles_b ELSE cycles_a < 1.2 * model_cycles_a END
-- source: Agner Fog, The microarchitecture of Intel, AMD and VIA CPUs, ch. 3 (branch prediction)
-- How often a branch goes which way is counted; in which order, and how often that was guessed, is not
-- on a machine without a PMU.
WITH ordered AS (
    SELECT loop, min(fact) AS fact FROM edits WHERE regexp_matches(text, '(?i)sort|shuffl|rand|perm') GROUP BY loop
)
SELECT d.loop,
       CASE WHEN abs(d.undecided_a - d.undecided_b) > 0.1 THEN 0.93 WHEN o.fact IS NOT NULL THEN 0.92 ELSE 0.8 END AS strength,
       CASE WHEN abs(d.undecided_a - d.undecided_b) > 0.1
            THEN 'that in line ' || d.branch_line_b || ' goes the rarer way ' || round(100 * d.undecided_a) || ' % of the time in a, ' || round(100 * d.undecided_b) || ' % in b'
            ELSE 'that in line ' || d.branch_line_b || ' goes the rarer way ' || round(100 * d.undecided_b) || ' % of the time in both, so its order differs (wrong guesses were not counted)' END AS how,
       list_filter([o.fact,
                    'execution_regions: the rarer way of line ' || d.branch_line_b || ' ' || round(d.undecided_a, 3) || ' in a, ' || round(d.undecided_b, 3) || ' in b',
                    'hot_places: ' || round(d.cycles_a, 1) || ' cycles an iteration in a, ' || round(d.cycles_b, 1) || ' in b; llvm-mca ' || round(d.model_cycles_b, 1),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN ordered o ON o.loop = d.loop
WHERE NOT d.code_changed AND d.verdict IN ('faster', 'slower') AND d.iterations_a = d.iterations_b
  AND greatest(d.undecided_a, d.undecided_b) >= 0.02 AND d.branches_b >= 2 AND d.branch_line_b IS NOT NULL
  -- with the same input, and other code elsewhere, nothing tells that the data are others
  AND (abs(d.undecided_a - d.undecided_b) > 0.1 OR o.fact IS NOT NULL OR EXISTS (FROM run_edits) OR NOT EXISTS (FROM edited_files))
