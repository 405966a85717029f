using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>
/// Every fixture of a real client's request gets the answer that the client can read, and the reward model is asked for just its items.
/// </summary>
public sealed class RewardFixtureTests(FixtureGateways gateways) : IClassFixture<FixtureGateways>
{
    public static TheoryData<string> Files => [.. RewardFixture.Files];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_client_gets_what_it_can_read(string file)
    {
        var fixture = RewardFixture.Read(file);
        var judge = fixture.Judge();
        var gateway = gateways.Get(judge, fixture.Settings());
        using var response = await gateway.Client.SendAsync(fixture.Request(), TestContext.Current.CancellationToken);
        await fixture.CheckAsync(response, judge);
    }
}
