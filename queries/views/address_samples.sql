-- purpose: samples of each instruction of the program's own code
-- grain: sampled address
-- columns: run_id, address, samples
SELECT run_id, address, sum(count)::BIGINT AS samples FROM samples WHERE own
GROUP BY run_id, address
