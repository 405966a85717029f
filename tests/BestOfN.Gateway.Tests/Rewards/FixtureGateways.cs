namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>One gateway for all fixtures with the same settings.</summary>
public sealed class FixtureGateways : IAsyncDisposable
{
    private readonly Dictionary<string, (RewardGateway Gateway, SharedJudge Judge)> _gateways = [];

    /// <summary>The gateway with a fixture's settings, in which its reward model is at work.</summary>
    internal RewardGateway Get(FixtureJudge judge, (string Path, string Value)[] settings)
    {
        var key = string.Join('\n', settings.Select(setting => $"{setting.Path}={setting.Value}"));
        if (!_gateways.TryGetValue(key, out var found))
        {
            var shared = new SharedJudge { Current = judge };
            _gateways.Add(key, found = (new RewardGateway(shared, settings), shared));
        }

        found.Judge.Current = judge;
        return found.Gateway;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (gateway, _) in _gateways.Values)
        {
            await gateway.DisposeAsync();
        }
    }
}
