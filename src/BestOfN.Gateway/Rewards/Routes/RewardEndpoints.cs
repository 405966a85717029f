using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Rewards.FreeUrl;
using BestOfN.Gateway.Rewards.Native;
using BestOfN.Gateway.Rewards.Rerank;
using BestOfN.Gateway.Rewards.Sglang;
using BestOfN.Gateway.Rewards.Tei;
using BestOfN.Gateway.Rewards.Vllm;

namespace BestOfN.Gateway.Rewards.Routes;

/// <summary>The routes that give rewards, but for KServe's.</summary>
internal static class RewardEndpoints
{
    private static readonly string[] _native = [RewardDialectNames.Native];
    private static readonly string[] _freeUrl = [RewardDialectNames.OpenRlhf, RewardDialectNames.Slime, RewardDialectNames.LlamaFactory];
    private static readonly string[] _llamaFactory = [RewardDialectNames.LlamaFactory];
    private static readonly string[] _vllm = [RewardDialectNames.Vllm];
    private static readonly string[] _classify =
        [RewardDialectNames.Vllm, RewardDialectNames.Verl, RewardDialectNames.Sglang, RewardDialectNames.Xtuner];
    private static readonly string[] _pooling = [RewardDialectNames.Vllm, RewardDialectNames.Xtuner];
    private static readonly string[] _sglang = [RewardDialectNames.Sglang, RewardDialectNames.Xtuner];
    private static readonly string[] _rerank = [RewardDialectNames.Rerank, RewardDialectNames.Vllm, RewardDialectNames.Tei];
    private static readonly string[] _v1Rerank = [RewardDialectNames.Rerank, RewardDialectNames.Vllm, RewardDialectNames.Sglang];
    private static readonly string[] _v2Rerank = [RewardDialectNames.Rerank, RewardDialectNames.Vllm];
    private static readonly string[] _tei = [RewardDialectNames.Tei];

    public static void MapRewards(this IEndpointRouteBuilder routes, RewardServerOptions options)
    {
        routes.Map("/v1/rewards", options, NativeRewards.Dialect, NativeRewards.Read, _native);

        routes.Map("/get_reward", options, FreeUrlRewards.OpenRlhf, FreeUrlRewards.Read, _freeUrl);
        routes.Map("/v1/score/evaluation", options, FreeUrlRewards.LlamaFactory, FreeUrlRewards.ReadLlamaFactory, _llamaFactory);

        // Two dialects of one path are told apart by their fields.
        routes.Map("/classify", options, VllmRewards.Dialect, SglangRewards.ReadClassify, _classify, takesPut: true);
        routes.Map("/encode", options, SglangRewards.Dialect, SglangRewards.ReadClassify, _sglang, takesPut: true);
        routes.Map("/judge", options, SglangRewards.Dialect, SglangRewards.ReadJudge, _sglang);
        routes.Map(
            "/v1/classify", options, VllmRewards.Dialect,
            exchange => VllmRewards.ReadClassify(exchange, alwaysOne: exchange.Options.SglangV1Classify == "softmax"), _classify);
        routes.Map("/pooling", options, VllmRewards.Dialect, VllmPooling.Read, _pooling);
        routes.Map("/score", options, VllmRewards.Dialect, VllmRewards.ReadScore, _vllm);
        routes.Map("/v1/score", options, VllmRewards.Dialect, VllmRewards.ReadScore, _vllm);

        routes.Map("/rerank", options, RerankRewards.Dialect, TeiRewards.ReadRerank, _rerank);
        routes.Map("/v1/rerank", options, RerankRewards.Dialect, SglangRewards.ReadV1Rerank, _v1Rerank);
        routes.MapPut("/v1/rerank", (HttpContext context, RewardHandler handler) =>
            handler.AnswerAsync(context, SglangRewards.Dialect, SglangRewards.ReadPutRerank)).WithMetadata(SglangRewards.Dialect)
                .OpenFor(options, _v1Rerank);
        routes.Map("/v2/rerank", options, RerankRewards.Dialect, exchange =>
            RerankRewards.Read(exchange, isSecondVersion: true), _v2Rerank);
        routes.Map("/predict", options, TeiRewards.Dialect, TeiRewards.ReadPredict, _tei);
        if (options.RootRoute)
        {
            routes.Map("/", options, FreeUrlRewards.OpenRlhf, ReadRoot, [.. _freeUrl, .. _tei]);
        }
    }

    private static RewardCall ReadRoot(RewardExchange exchange) => exchange.Read(request =>
    {
        if (!request.Has("inputs") && !request.Has("texts"))
        {
            return FreeUrlRewards.Read(request, exchange);
        }

        exchange.Speak(TeiRewards.Dialect);
        return request.Has("inputs") ? TeiRewards.ReadPredict(request, exchange) : TeiRewards.ReadRerank(request, exchange);
    });
}
