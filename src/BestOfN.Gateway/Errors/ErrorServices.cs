namespace BestOfN.Gateway.Errors;

internal static class ErrorServices
{
    public static void AddOpenAIErrors(this IServiceCollection services)
    {
        services.AddSingleton<IProblemDetailsWriter, OpenAIErrorWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler(options =>
        {
            options.StatusCodeSelector = exception => ErrorDescription.Of(exception).StatusCode;

            // ASP.NET Core would log messages as they are, and they may repeat what a client or a model wrote; OpenAIErrorWriter logs
            // accidents.
            options.SuppressDiagnosticsCallback = _ => true;
        });
    }

    public static void UseOpenAIErrors(this IApplicationBuilder app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
    }
}
