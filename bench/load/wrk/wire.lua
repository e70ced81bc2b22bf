-- Sends the same bytes again and again: `depth` requests in one write, with a method and a body where they are given.
-- Run as: wrk -s wire.lua URL -- DEPTH [METHOD [BODY]]

local wire

function init(args)
  wrk.method = args[2] or wrk.method
  wrk.body = args[3] or wrk.body
  wire = string.rep(wrk.format(), tonumber(args[1]))
end

function request()
  return wire
end
