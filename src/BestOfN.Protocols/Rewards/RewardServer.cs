using BestOfN.Core.Rewards;
using BestOfN.Protocols.Upstreams;

namespace BestOfN.Protocols.Rewards;

/// <summary>A reward model at one address, for programs that have no cluster. Thread-safe.</summary>
/// <remarks>Calls are repeated and given up as the gateway does it (<see cref="UpstreamOptions"/>).</remarks>
public sealed class RewardServer : IRewardModel, IDisposable
{
    private readonly SingleServer _server;
    private readonly UpstreamClient _client;
    private readonly RemoteRewardModel _model;

    /// <param name="address">The server's address, before the protocol's path.</param>
    /// <param name="protocol">How it is asked.</param>
    /// <param name="model">What the model is called there; null: not said.</param>
    /// <param name="apiKey">Sent as a bearer token; null: none is.</param>
    /// <param name="connections">Most calls at the same time.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <exception cref="ArgumentException">The key can be no header.</exception>
    public RewardServer(
        Uri address, IRewardProtocol protocol, string? model = null, string? apiKey = null, int connections = 16, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(protocol);
        time ??= TimeProvider.System;
        _server = new SingleServer(address, apiKey, connections);
        _client = new UpstreamClient(_server, new UpstreamOptions(), time);
        _model = new RemoteRewardModel(address.Authority, _client, protocol, model, time);
    }

    public string Name => _model.Name;

    public bool AcceptsPictures => _model.AcceptsPictures;

    public IScoringSession Begin(Core.Prompts.Prompt prompt) => _model.Begin(prompt);

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }
}
