using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Tests.Sdk;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.DependencyInjection;

namespace BestOfN.Gateway.Tests.Page;

/// <summary>A gateway on a port of its own for a browser, with a fake generator behind <c>pocket</c> and a fake judge.</summary>
internal sealed class PageGateway : IAsyncDisposable
{
    private readonly SocketGateway _gateway;

    public PageGateway(IGenerator generator, IRewardModel? rewardModel = null, params (string Path, string Value)[] settings)
    {
        _gateway = new SocketGateway(
            services =>
            {
                services.AddSingleton<IGeneratorSource>(new FakeGeneratorSource(generator));
                services.AddSingleton<IRewardModelSource>(new FakeRewardModelSource(rewardModel ?? FakeRewardModel.ByLength()));
            },
            [("BestOfN:Models:pocket:Generator", "fake"), .. settings]);
    }

    public Uri Address => new(_gateway.Endpoint, "/");

    public IServiceProvider Services => _gateway.Services;

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();
}
