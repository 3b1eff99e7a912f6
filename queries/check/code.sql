-- purpose: arithmetic of a loop's machine code: widest packed register, packed and scalar instructions
-- grain: loop
-- columns: loop, bits, packed, scalar
-- $run: the run; $loops: keys of the loops. Packed is arithmetic on whole vector registers, scalar
-- that on their lowest element alone.
SELECT loop,
       coalesce(max(vector_bits) FILTER (packed), 0) AS bits,
       count(*) FILTER (packed) AS packed,
       count(*) FILTER (NOT packed) AS scalar
FROM instructions WHERE run_id = $run AND list_contains($loops, loop)
GROUP BY loop
