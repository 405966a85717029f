using BestOfN.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.InProcess;

internal static class InProcessServices
{
    /// <summary>Generators and reward models that run in this process, from folders and GGUF files.</summary>
    public static void AddInProcessModels(this IServiceCollection services)
    {
        services.AddSingleton(
            provider => new DeviceWorkers(() => provider.GetRequiredService<IOptions<BestOfNOptions>>().Value.OwnKernels));
        services.AddSingleton<IGeneratorSource, FolderGeneratorSource>();
        services.AddSingleton<IGeneratorSource, GgufGeneratorSource>();
        services.AddSingleton<IRewardModelSource>(provider => ActivatorUtilities.CreateInstance<FolderRewardModelSource>(
            provider, () => provider.GetRequiredService<IOptions<BestOfNOptions>>().Value.RewardServer.Enabled));
        services.AddSingleton<IRewardModelSource, GgufRewardModelSource>();
    }
}
