-- says: neither code nor remarks changed but the time did: {what}
-- refuted-by: measured again in turn, the times differ as before
-- contradicted-by: the code differs | code_changed
-- contradicted-by: its accesses move by another distance | stride_a <> stride_b OR sparsity_a <> sparsity_b
-- source: Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!" (ASPLOS 2009)
-- confirm: {side}: @moved-data
SELECT loop, 0.3 AS strength, CASE verdict WHEN 'slower' THEN 'b' ELSE 'a' END AS side,
       CASE WHEN EXISTS (FROM edited_files) THEN 'what is around the loop did change, and with it where its data come from (made or copied just before, or kept), or where its code lies'
            ELSE 'the machine, the data or the placement of code' END AS what,
       [timed(time_ratio)] AS evidence
FROM d WHERE NOT code_changed AND NOT remarks_changed AND verdict IN ('faster', 'slower')
  AND iterations_a IS NOT DISTINCT FROM iterations_b
