-- says: neither code nor remarks changed but the time did: the machine, the data or the placement of code
-- refuted-by: measured again in turn, the times differ as before
-- contradicted-by: the code differs | code_changed
-- source: Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!" (ASPLOS 2009)
-- confirm: {side}: @moved-data
SELECT loop, 0.3 AS strength, CASE verdict WHEN 'slower' THEN 'b' ELSE 'a' END AS side, [timed(time_ratio)] AS evidence
FROM d WHERE NOT code_changed AND NOT remarks_changed AND verdict IN ('faster', 'slower')
  AND iterations_a IS NOT DISTINCT FROM iterations_b
