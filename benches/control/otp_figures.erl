%% The same figures for OTP's own peer module: one line `name value unit` each.
%% Started by otp.rs with a suffix for the names, and the part that is wanted.
-module(otp_figures).
-export([main/1]).

main([Suffix, Part]) ->
    [figures(Part, Kind, Connection, atom_to_list(Suffix))
     || {Kind, Connection} <- [{"stdio", standard_io}, {"tcp", 0}]],
    halt(0).

figures(boot, Kind, Connection, Suffix) ->
    Times = [begin
                 {Boot, Peer} = timer:tc(fun() -> start(Connection) end),
                 {Stop, ok} = timer:tc(fun() -> peer:stop(Peer) end),
                 {Boot, Stop}
             end || _ <- lists:seq(1, 5)],
    {Boots, Stops} = lists:unzip(Times),
    say("boot_" ++ Kind ++ Suffix, median(Boots) / 1.0e3, "ms"),
    say("stop_" ++ Kind ++ Suffix, median(Stops) / 1.0e3, "ms");
figures(call, Kind, Connection, Suffix) ->
    with(Connection, fun(Peer) ->
        Bytes = binary:copy(<<7>>, 32),
        _ = times(Peer, Bytes, 200),
        say("call_" ++ Kind ++ Suffix, median(times(Peer, Bytes, 2000)) / 1.0, "us")
    end);
figures(throughput, Kind, Connection, Suffix) ->
    with(Connection, fun(Peer) ->
        Bytes = binary:copy(<<7>>, 32),
        Rates = [rate(Peer, Bytes, 64, 200) || _ <- lists:seq(1, 3)],
        say("calls_per_s_" ++ Kind ++ Suffix, median(Rates), "1/s")
    end);
figures(echo, Kind, Connection, Suffix) ->
    with(Connection, fun(Peer) ->
        say("echo_1MiB_" ++ Kind ++ Suffix, median(times(Peer, binary:copy(<<7>>, 1 bsl 20), 5)) / 1.0e3, "ms")
    end);
figures(memory, "stdio", Connection, Suffix) ->
    with(Connection, fun(Peer) ->
        {ok, Status} = file:read_file(["/proc/", call(Peer, os, getpid, []), "/status"]),
        {match, [KiB]} = re:run(Status, "VmRSS:\\s+(\\d+)", [{capture, all_but_first, list}]),
        say("idle_memory" ++ Suffix, list_to_integer(KiB) * 1024 / 1.0e6, "MB")
    end);
figures(memory, _, _, _) ->
    ok.

%% One peer for the time of Fun.
with(Connection, Fun) ->
    Peer = start(Connection),
    Fun(Peer),
    peer:stop(Peer).

start(Connection) ->
    {ok, Peer, _} = peer:start_link(#{name => peer:random_name(), connection => Connection}),
    Peer.

call(Peer, Module, Function, Args) ->
    peer:call(Peer, Module, Function, Args, infinity).

%% What single calls take that give back what they were given, in microseconds and parts of them.
times(Peer, Bytes, Count) ->
    [begin
         Begun = erlang:monotonic_time(nanosecond),
         Bytes = call(Peer, erlang, hd, [[Bytes]]),
         (erlang:monotonic_time(nanosecond) - Begun) / 1000
     end || _ <- lists:seq(1, Count)].

rate(Peer, Bytes, Callers, Calls) ->
    Begun = erlang:monotonic_time(nanosecond),
    Started = [spawn_monitor(fun() -> times(Peer, Bytes, Calls) end) || _ <- lists:seq(1, Callers)],
    [receive {'DOWN', Monitor, process, _, normal} -> ok end || {_, Monitor} <- Started],
    Callers * Calls / ((erlang:monotonic_time(nanosecond) - Begun) / 1.0e9).

median(List) ->
    lists:nth((length(List) + 1) div 2, lists:sort(List)).

say(Name, Value, Unit) ->
    io:format("~s ~.3f ~s~n", [Name, float(Value), Unit]).
