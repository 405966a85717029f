using BestOfN.Core.Selection;
using BestOfN.Gateway.Access;
using BestOfN.Gateway.Chat;
using BestOfN.Gateway.Completions;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.InProcess;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Observability;
using BestOfN.Gateway.Page;
using BestOfN.Gateway.Page.Traffic;
using BestOfN.Gateway.Rewards.Routes;
using BestOfN.Gateway.Selection;
using BestOfN.Gateway.Shutdown;
using BestOfN.Gateway.Startup;
using BestOfN.Gateway.Upstream;

try
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = SettingsFolder.Path });
    builder.AddBestOfNOptions();
    builder.AddStartup();
    builder.Services.AddSelection();
    builder.Services.AddCatalogs();
    builder.Services.AddInProcessModels();
    builder.AddUpstreams();
    builder.Services.AddAnswers();
    builder.Services.AddRewardServer();
    builder.Services.AddAccess();
    builder.Services.AddPage();
    builder.Services.AddDraining();
    builder.Services.AddOpenAIErrors();
    builder.AddTelemetry();

    await using var app = builder.Build();
    app.CheckConfiguration();
    app.UseRequestIds();
    app.UseRequestLog();
    app.UseTrafficRecording();
    app.UseOpenAIErrors();
    app.UseRoutes();
    app.UseSharedRewardRoutes();
    app.UseAccess();
    app.MapRewardServer();
    app.MapChatCompletions();
    app.MapCompletions();
    app.MapModels();
    app.MapPage();
    app.MapHealth();
    app.MapMetrics();
    app.MapPassthrough();   // YARP: every other /v1 route
    await app.RunAsync();
    return 0;
}
catch (Exception exception) when (StartFailure.Explain(exception) is { } problems)
{
    StartFailure.Write(problems, Console.Error);
    return StartFailure.ExitCode;
}
