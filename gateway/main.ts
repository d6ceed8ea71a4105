/** Entry of the service: `npm start`. */
import { serve } from "./serve.ts";

await serve(process.env);
