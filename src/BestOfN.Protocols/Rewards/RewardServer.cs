using BestOfN.Core.Rewards;
using BestOfN.Protocols.Upstreams;

namespace BestOfN.Protocols.Rewards;

/// <summary>A reward model at one address, for programs that have no cluster. Thread-safe.</summary>
/// <remarks>
/// For long work: a server that is away for some minutes is waited for, as is one that is busy. One that is away for longer fails the call
/// and all answers of its prompt (<see cref="ScoringFailedException.IsOutage"/>), so that none is lost without a word.
/// </remarks>
public sealed class RewardServer : IRewardModel, IDisposable
{
    // Pauses of 1, 2, 4, 8 and 16 seconds, then of half a minute: some six minutes in all.
    private static readonly UpstreamOptions s_patient = new()
    {
        TotalTimeout = TimeSpan.FromMinutes(30), AttemptTimeout = TimeSpan.FromMinutes(5), Retries = 16,
        RetryDelay = TimeSpan.FromSeconds(1), MaxRetryDelay = TimeSpan.FromSeconds(30),
        CircuitMinimumCalls = 10_000,      // with one server there is no other to go to meanwhile
    };

    private readonly SemaphoreSlim _turns;
    private readonly SingleServer _server;
    private readonly UpstreamClient _client;
    private readonly RemoteRewardModel _model;

    /// <param name="address">The server's address, before the protocol's path.</param>
    /// <param name="protocol">How it is asked.</param>
    /// <param name="model">What the model is called there; null: not said.</param>
    /// <param name="apiKey">Sent as a bearer token; null: none is.</param>
    /// <param name="connections">Most calls at the same time; more wait for their turn.</param>
    /// <param name="options">How patiently it is called; null: as the remarks say.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <exception cref="ArgumentException">The key can be no header.</exception>
    public RewardServer(
        Uri address, IRewardProtocol protocol, string? model = null, string? apiKey = null, int connections = 16,
        UpstreamOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(protocol);
        time ??= TimeProvider.System;
        _turns = new SemaphoreSlim(connections);
        _server = new SingleServer(address, apiKey);
        _client = new UpstreamClient(_server, options ?? s_patient, time);
        _model = new RemoteRewardModel(address.Authority, _client, protocol, model, time, _turns);
    }

    public string Name => _model.Name;

    public bool AcceptsPictures => _model.AcceptsPictures;

    public IScoringSession Begin(Core.Prompts.Prompt prompt) => _model.Begin(prompt);

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _turns.Dispose();
    }
}
