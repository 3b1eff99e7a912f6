-- purpose: the floating-point operations of each hot loop in a run, counted from its code
-- grain: hot loop x kind of operation (add, mul, div) x element
-- columns: run_id, loop, operation, element, in_a_pass, times
-- Of the hottest machine loop of each loop, as `hot_places` has it: what one pass through it does, and
-- how often it was done, for as many iterations as were counted. A fused multiply-add is one of each;
-- what is neither a product nor a division counts as an addition. A remainder or a fall-back counts
-- as if it were the hottest machine loop, a masked lane as used, a call as nothing.
WITH of_loops AS (
    SELECT run_id, loop, machine_loop, iterations / nullif(elements_a_pass, 0) AS passes
    FROM hot_places WHERE loop IS NOT NULL
), code AS (
    SELECT o.run_id, o.loop, o.passes, i.kind, i.mnemonic, i.element, i.flops
    FROM of_loops o JOIN instructions i USING (run_id, machine_loop)
    JOIN machine_loops l USING (run_id, machine_loop)
    LEFT JOIN mca_instructions m USING (run_id, machine_loop, address)
    WHERE i.flops > 0 AND (l.innermost OR m.address IS NOT NULL)
), done AS (
    SELECT run_id, loop, passes, element, flops,
           CASE WHEN kind = 'division' THEN 'div' WHEN contains(mnemonic, 'mul') THEN 'mul' ELSE 'add' END AS operation
    FROM code WHERE kind <> 'fma'
    UNION ALL
    SELECT run_id, loop, passes, element, flops / 2, unnest(['add', 'mul']) FROM code WHERE kind = 'fma'
)
SELECT run_id, loop, operation, coalesce(element, 'f64') AS element, sum(flops)::DOUBLE AS in_a_pass,
       sum(flops) * any_value(passes) AS times
FROM done GROUP BY run_id, loop, operation, coalesce(element, 'f64')
ORDER BY run_id, loop, operation, element
